// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.foreign;

import static org.javisor.devices.block.foreign.ForeignImage.require;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.javisor.devices.block.ImageFile;

/// Microsoft's newer format: a table of large blocks, found through a table of regions and a table of metadata.
///
/// Images that were not closed properly have a log that must be replayed into them; they are refused, as are those that
/// only hold the differences to another disk.
///
/// Specification: \[MS-VHDX\], "Virtual Hard Disk v2 (VHDX) File Format".
final class Vhdx implements Layout {
    private static final long[] HEADERS = {64 << 10, 128 << 10}, REGIONS = {192 << 10, 256 << 10};
    private static final int HEADER_BYTES = 4096, REGION_TABLE_BYTES = 64 << 10, CHECKSUM = 4, SEQUENCE = 8,
            LOG_GUID = 48, VERSION = 66;
    private static final int HEAD = 0x64616568, REGI = 0x69676572, MOST_REGIONS = 2047;
    private static final long METADATA = 0x617461646174656dL;
    private static final UUID BLOCK_TABLE = UUID.fromString("2dc27766-f623-4200-9d64-115e9bfd4a08");
    private static final UUID METADATA_REGION = UUID.fromString("8b7ca206-4790-4b9a-b8fe-575f050f886e");
    private static final UUID FILE_PARAMETERS = UUID.fromString("caa16737-fa36-4d43-b3b6-33f0aa44e76b");
    private static final UUID DISK_SIZE = UUID.fromString("2fa54224-cd1b-4876-b211-5dbed83bf4b8");
    private static final UUID SECTOR_SIZE = UUID.fromString("8141bf1d-a96f-4709-ba47-f233a8faab5f");
    private static final int HAS_PARENT = 2, MOST_METADATA = 2047, METADATA_ENTRIES = 32;
    private static final int FULLY_PRESENT = 6, PARTIALLY_PRESENT = 7;
    private static final long MOST_DISK = 64L << 40, MOST_TABLE_BYTES = 64L << 20;

    private final ImageFile file;
    private final long bytes;
    private final long blockBytes;
    /// After so many blocks the table has an entry that is none of theirs.
    private final long chunk;
    private final ByteBuffer table;

    Vhdx(ImageFile file) throws IOException {
        this.file = file;
        ByteBuffer header = current(file);
        require(guid(header, LOG_GUID).equals(new UUID(0, 0)),
                "was not closed properly; open it once with the program that wrote it");
        require(header.getShort(VERSION) == 1, "is VHDX version " + header.getShort(VERSION) + "; 1 is understood");
        ByteBuffer regions = regions(file);
        long[] metadata = region(regions, METADATA_REGION);
        long parameters = item(metadata, FILE_PARAMETERS, 8);
        blockBytes = parameters & 0xffff_ffffL;
        bytes = item(metadata, DISK_SIZE, 8);
        long sectorBytes = item(metadata, SECTOR_SIZE, 4);
        require((parameters >>> 32 & HAS_PARENT) == 0, "holds the differences to another disk, which is not supported");
        require(blockBytes >= 1 << 20 && blockBytes <= 256 << 20 && Long.bitCount(blockBytes) == 1,
                "has blocks of " + blockBytes + " bytes");
        require(sectorBytes == 512 || sectorBytes == 4096, "has sectors of " + sectorBytes + " bytes");
        require(bytes >= 0 && bytes <= MOST_DISK, "claims a disk of " + Long.toUnsignedString(bytes) + " bytes");
        chunk = (sectorBytes << 23) / blockBytes;
        long blocks = Math.ceilDiv(bytes, blockBytes);
        long tableBytes = 8 * (blocks + (blocks == 0 ? 0 : (blocks - 1) / chunk));
        long[] place = region(regions, BLOCK_TABLE);
        require(tableBytes <= place[1] && tableBytes <= MOST_TABLE_BYTES, "has a table too small for its disk");
        table = file.load(place[0], (int) tableBytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// The valid header with the higher number.
    private static ByteBuffer current(ImageFile file) throws IOException {
        ByteBuffer best = null;
        for (long offset : HEADERS) {
            ByteBuffer header = file.load(offset, HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            if (header.getInt(0) == HEAD && valid(header)
                    && (best == null || Long.compareUnsigned(header.getLong(SEQUENCE), best.getLong(SEQUENCE)) > 0)) {
                best = header;
            }
        }
        require(best != null, "has no valid VHDX header");
        return best;
    }

    private static ByteBuffer regions(ImageFile file) throws IOException {
        for (long offset : REGIONS) {
            ByteBuffer table = file.load(offset, REGION_TABLE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            boolean possible = Integer.compareUnsigned(table.getInt(8), MOST_REGIONS) <= 0;
            if (table.getInt(0) == REGI && valid(table) && possible) {
                return table;
            }
        }
        throw new IOException("has no valid VHDX table of regions");
    }

    private static boolean valid(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.limit()];
        bytes.get(0, copy);
        ByteBuffer.wrap(copy).putInt(CHECKSUM, 0);
        CRC32C crc = new CRC32C();
        crc.update(copy);
        return (int) crc.getValue() == bytes.getInt(CHECKSUM);
    }

    /// The first three parts of a GUID are stored little-endian, the rest as it is.
    private static UUID guid(ByteBuffer from, int at) {
        long high = Integer.toUnsignedLong(from.getInt(at)) << 32 | (from.getShort(at + 4) & 0xffffL) << 16
                | from.getShort(at + 6) & 0xffffL;
        return new UUID(high, Long.reverseBytes(from.getLong(at + 8)));
    }

    /// Where a region is, and how long.
    private long[] region(ByteBuffer regions, UUID wanted) throws IOException {
        for (int i = 0; i < regions.getInt(8); i++) {
            int at = 16 + 32 * i;
            if (guid(regions, at).equals(wanted)) {
                long offset = regions.getLong(at + 16);
                long length = Integer.toUnsignedLong(regions.getInt(at + 24));
                require(offset >= 0 && offset <= file.length() - length, "is cut short: a region is not whole");
                return new long[] {offset, length};
            }
        }
        throw new IOException("lacks a region of VHDX");
    }

    private long item(long[] region, UUID wanted, int size) throws IOException {
        ByteBuffer metadata = file.load(region[0], REGION_TABLE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int count = metadata.getShort(10) & 0xffff;
        require(metadata.getLong(0) == METADATA && count <= MOST_METADATA, "has a damaged table of metadata");
        for (int i = 0; i < count; i++) {
            int at = METADATA_ENTRIES + 32 * i;
            if (at + 32 <= metadata.limit() && guid(metadata, at).equals(wanted)) {
                long offset = Integer.toUnsignedLong(metadata.getInt(at + 16));
                require(offset <= region[1] - size, "has damaged metadata");
                ByteBuffer value = file.load(region[0] + offset, 8).order(ByteOrder.LITTLE_ENDIAN);
                return size == 4 ? Integer.toUnsignedLong(value.getInt(0)) : value.getLong(0);
            }
        }
        throw new IOException("lacks some metadata of VHDX");
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public Piece find(long offset) throws IOException {
        long block = offset / blockBytes;
        long into = offset % blockBytes;
        long entry = table.getLong((int) (8 * (block + block / chunk)));
        int state = (int) entry & 7;
        require(state != PARTIALLY_PRESENT, "has a block that only another disk could make whole");
        return state != FULLY_PRESENT ? Piece.zeroes(blockBytes - into)
                : Piece.of(file, (entry & -1L << 20) + into, blockBytes - into);
    }

    @Override
    public void close() {
        file.close();
    }
}
