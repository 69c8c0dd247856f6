// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.foreign;

import static org.javisor.devices.block.foreign.ForeignImage.require;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.ImageFile;

/// A VMDK extent that grows: a directory of tables of grains; in a stream-optimized one, grains are compressed.
final class VmdkSparse implements Vmdk.Extent {
    static final int MAGIC = 0x4b444d56;
    private static final int SECTOR = Vmdk.SECTOR;
    private static final int HEADER_BYTES = 512, VERSION = 4, FLAGS = 8, CAPACITY = 12, GRAIN = 20, DESCRIPTOR = 28,
            DESCRIPTOR_SIZE = 36, ENTRIES_PER_TABLE = 44, DIRECTORY = 56, COMPRESSION = 77;
    private static final int ZERO_GRAINS = 4, COMPRESSED = 1 << 16, MARKERS = 1 << 17;
    /// The header that counts is behind the data.
    private static final long AT_END = -1;
    private static final int FOOTER_FROM_END = 1024, MARKER_BYTES = 12;
    private static final long MOST_DIRECTORY_BYTES = 64L << 20;
    private static final int MOST_GRAIN = 2048, MOST_ENTRIES = 512;

    private final ImageFile file;
    private final BlockBackend parent;
    private final long start;
    private final ByteBuffer header;
    private final long bytes;
    private final long grainBytes;
    private final int perTable;
    private final int flags;
    private final ByteBuffer directory;
    private long tableOffset = -1;
    private ByteBuffer table;
    private long lastGrain = -1;
    private final byte[] grain;

    /// @param start where on the disk the extent begins
    VmdkSparse(ImageFile file, BlockBackend parent, long start) throws IOException {
        this.file = file;
        this.parent = parent;
        this.start = start;
        this.header = header(file);
        int version = header.getInt(VERSION);
        require(version >= 1 && version <= 3, "is VMDK version " + version + "; 1 to 3 are understood");
        flags = header.getInt(FLAGS);
        long capacity = header.getLong(CAPACITY);
        long grainSectors = header.getLong(GRAIN);
        perTable = header.getInt(ENTRIES_PER_TABLE);
        require(grainSectors >= 1 && grainSectors <= MOST_GRAIN && Long.bitCount(grainSectors) == 1,
                "has grains of " + Long.toUnsignedString(grainSectors) + " sectors");
        require(perTable >= 1 && perTable <= MOST_ENTRIES, "has tables of " + perTable + " grains");
        require(capacity >= 0 && capacity <= 1L << 40, "claims " + Long.toUnsignedString(capacity) + " sectors");
        require((flags & COMPRESSED) == 0 || (flags & MARKERS) != 0 && header.getShort(COMPRESSION) == 1,
                "is compressed in a way that is not supported");
        bytes = capacity * SECTOR;
        grainBytes = grainSectors * SECTOR;
        grain = new byte[(flags & COMPRESSED) == 0 ? 0 : (int) grainBytes];
        long directoryBytes = 4 * Math.ceilDiv(bytes, grainBytes * perTable);
        long directoryOffset = header.getLong(DIRECTORY) * SECTOR;
        require(directoryBytes <= MOST_DIRECTORY_BYTES && directoryOffset >= 0
                && directoryOffset <= file.length() - directoryBytes, "is cut short: its directory is not whole");
        directory = file.load(directoryOffset, (int) directoryBytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer header(ImageFile file) throws IOException {
        ByteBuffer header = file.load(0, HEADER_BYTES);
        require(header.getInt(0) == MAGIC, "has an extent that is no VMDK extent");
        header.order(ByteOrder.LITTLE_ENDIAN);
        if (header.getLong(DIRECTORY) != AT_END) {
            return header;
        }
        ByteBuffer footer = file.load(Math.max(0, file.length() - FOOTER_FROM_END), HEADER_BYTES);
        require(footer.getInt(0) == MAGIC, "is cut short: its footer is not there");
        footer.order(ByteOrder.LITTLE_ENDIAN);
        require(footer.getLong(DIRECTORY) != AT_END, "has a footer that points at itself");
        return footer;
    }

    long descriptorOffset() {
        return header.getLong(DESCRIPTOR) * SECTOR;
    }

    /// 0 if another file describes the disk.
    long descriptorBytes() throws IOException {
        long sectors = header.getLong(DESCRIPTOR_SIZE);
        require(sectors >= 0 && sectors <= 1 << 20 && header.getLong(DESCRIPTOR) >= 0
                && header.getLong(DESCRIPTOR) <= 1L << 40, "has a damaged VMDK header");
        return header.getLong(DESCRIPTOR) == 0 ? 0 : sectors * SECTOR;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public synchronized Piece find(long offset) throws IOException {
        long into = offset % grainBytes;
        long length = Math.min(grainBytes - into, bytes - offset);
        long index = offset / grainBytes;
        long place = Integer.toUnsignedLong(directory.getInt((int) (index / perTable) * 4)) * SECTOR;
        if (place == 0) {
            return Piece.of(parent, start + offset, length);
        }
        if (place != tableOffset) {
            tableOffset = -1;
            table = file.load(place, 4 * perTable).order(ByteOrder.LITTLE_ENDIAN);
            tableOffset = place;
        }
        long entry = Integer.toUnsignedLong(table.getInt((int) (index % perTable) * 4));
        if (entry == 0) {
            return Piece.of(parent, start + offset, length);
        }
        if (entry == 1 && (flags & ZERO_GRAINS) != 0) {
            return Piece.zeroes(length);
        }
        if ((flags & COMPRESSED) == 0) {
            return Piece.of(file, entry * SECTOR + into, length);
        }
        return new Piece(length, false, target -> {
            synchronized (this) {
                inflate(entry * SECTOR);
                target.copyFrom(MemorySegment.ofArray(grain).asSlice(into));
            }
        });
    }

    private void inflate(long place) throws IOException {
        if (place == lastGrain) {
            return;
        }
        lastGrain = -1;
        ByteBuffer marker = file.load(place, MARKER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int length = marker.getInt(8);
        require(length > 0 && length <= 2 * grainBytes + 1024, file.name() + ": a compressed grain is damaged");
        byte[] stored = new byte[length];
        file.load(place + MARKER_BYTES, length).get(stored);
        try (Inflater inflater = new Inflater()) {
            inflater.setInput(stored);
            int done = 0;
            int more = 1;
            while (more > 0 && done < grain.length) {
                more = inflater.inflate(grain, done, grain.length - done);
                done += more;
            }
            // The last grain of a disk may be shorter.
            java.util.Arrays.fill(grain, done, grain.length, (byte) 0);
        } catch (DataFormatException e) {
            throw new IOException(file.name() + ": a compressed grain is damaged", e);
        }
        lastGrain = place;
    }
}
