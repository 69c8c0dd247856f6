// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.foreign;

import static org.javisor.devices.block.foreign.ForeignImage.require;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.ImageFile;

/// Microsoft's older format: a fixed disk is raw with a footer; the others have a table of blocks, each with a bitmap
/// of the sectors that are there.
///
/// Specification: "Virtual Hard Disk Image Format Specification", version 1.0.
final class Vhd implements Layout {
    private static final int FOOTER_BYTES = 512, COOKIE = 0, DATA_OFFSET = 16, CREATOR = 28, CURRENT_SIZE = 48,
            CYLINDERS = 56, HEADS = 58, SECTORS_PER_TRACK = 59, TYPE = 60, CHECKSUM = 64;
    private static final int FIXED = 2, DYNAMIC = 3, DIFFERENCING = 4;
    private static final int HEADER_BYTES = 1024, TABLE_OFFSET = 16, TABLE_ENTRIES = 28, BLOCK_BYTES = 32,
            HEADER_CHECKSUM = 36, PARENT_NAME = 64, PARENT_NAME_BYTES = 512, LOCATORS = 576, LOCATOR_COUNT = 8,
            LOCATOR_BYTES = 24;
    private static final int RELATIVE_WINDOWS_PATH = 0x57327275;
    private static final long FOOTER_COOKIE = 0x636f6e6563746978L, HEADER_COOKIE = 0x6378737061727365L;
    private static final int SECTOR = 512, ABSENT = -1, MOST_ENTRIES = 1 << 24;
    /// The largest disk that a geometry can describe.
    private static final long MOST_BY_GEOMETRY = 65535L * 16 * 255 * SECTOR;

    private final ImageFile file;
    private final long bytes;
    /// Null for a fixed disk.
    private final ByteBuffer table;
    private final long blockBytes;
    private final int bitmapBytes;
    /// Null for zeros.
    private final BlockBackend parent;
    private int bitmapBlock = -1;
    private ByteBuffer bitmap;

    private Vhd(ImageFile file, long bytes, ByteBuffer table, long blockBytes, BlockBackend parent) {
        this.file = file;
        this.bytes = bytes;
        this.table = table;
        this.blockBytes = blockBytes;
        this.bitmapBytes = (int) (Math.ceilDiv(blockBytes / SECTOR, 8L * SECTOR) * SECTOR);
        this.parent = parent;
    }

    static Vhd open(ImageFile file, ForeignImage.Others others) throws IOException {
        ByteBuffer footer = file.load(0, FOOTER_BYTES);
        if (footer.getLong(COOKIE) != FOOTER_COOKIE) {
            footer = file.load(Math.max(0, file.length() - FOOTER_BYTES), FOOTER_BYTES);
        }
        require(footer.getLong(COOKIE) == FOOTER_COOKIE, "is no VHD image");
        require(footer.getInt(CHECKSUM) == checksum(footer, CHECKSUM), "has a damaged VHD footer");
        long bytes = size(footer);
        return switch (footer.getInt(TYPE)) {
            case FIXED -> {
                require(bytes <= file.length(), "is cut short: a fixed disk is whole");
                yield new Vhd(file, bytes, null, SECTOR, null);
            }
            case DYNAMIC, DIFFERENCING -> sparse(file, footer, bytes, others);
            default -> throw new IOException("is a VHD image of type " + footer.getInt(TYPE)
                    + "; fixed, dynamic and differencing disks (2, 3 and 4) are understood");
        };
    }

    /// As Virtual PC did, and QEMU does for compatibility with it: the geometry counts for some.
    private static long size(ByteBuffer footer) throws IOException {
        byte[] creator = new byte[4];
        footer.get(CREATOR, creator);
        String name = new String(creator, StandardCharsets.ISO_8859_1);
        long geometry = (footer.getShort(CYLINDERS) & 0xffffL) * (footer.get(HEADS) & 0xff)
                * (footer.get(SECTORS_PER_TRACK) & 0xff) * SECTOR;
        boolean byGeometry = (name.equals("vpc ") || name.equals("qemu")) && geometry < MOST_BY_GEOMETRY;
        long bytes = byGeometry ? geometry : footer.getLong(CURRENT_SIZE);
        require(bytes >= 0 && bytes <= 1L << 46, "claims a disk of " + Long.toUnsignedString(bytes) + " bytes");
        return bytes;
    }

    private static int checksum(ByteBuffer bytes, int except) {
        int sum = 0;
        for (int i = 0; i < bytes.limit(); i++) {
            sum += i >= except && i < except + 4 ? 0 : bytes.get(i) & 0xff;
        }
        return ~sum;
    }

    private static Vhd sparse(ImageFile file, ByteBuffer footer, long bytes, ForeignImage.Others others)
            throws IOException {
        long offset = footer.getLong(DATA_OFFSET);
        require(offset >= 0 && offset <= file.length() - HEADER_BYTES, "is cut short: its header is not there");
        ByteBuffer header = file.load(offset, HEADER_BYTES);
        require(header.getLong(COOKIE) == HEADER_COOKIE
                && header.getInt(HEADER_CHECKSUM) == checksum(header, HEADER_CHECKSUM), "has a damaged VHD header");
        long blockBytes = Integer.toUnsignedLong(header.getInt(BLOCK_BYTES));
        long entries = Integer.toUnsignedLong(header.getInt(TABLE_ENTRIES));
        long tableOffset = header.getLong(TABLE_OFFSET);
        require(blockBytes >= SECTOR && blockBytes <= 1 << 28 && Long.bitCount(blockBytes) == 1,
                "has blocks of " + blockBytes + " bytes");
        require(entries <= MOST_ENTRIES && bytes <= entries * blockBytes,
                "claims " + bytes + " bytes in " + entries + " blocks");
        require(tableOffset >= 0 && tableOffset <= file.length() - 4 * entries,
                "is cut short: its table of blocks is not whole");
        ByteBuffer table = file.load(tableOffset, (int) (4 * entries));
        BlockBackend parent = footer.getInt(TYPE) == DIFFERENCING ? others.parent(parentName(file, header)) : null;
        return new Vhd(file, bytes, table, blockBytes, parent);
    }

    private static String parentName(ImageFile file, ByteBuffer header) throws IOException {
        for (int i = 0; i < LOCATOR_COUNT; i++) {
            int at = LOCATORS + i * LOCATOR_BYTES;
            int length = header.getInt(at + 8);
            if (header.getInt(at) == RELATIVE_WINDOWS_PATH && length > 0 && length <= 4096) {
                String name = text(file.load(header.getLong(at + 16), length), 0, length, StandardCharsets.UTF_16LE);
                return name.replace('\\', '/');
            }
        }
        String name = text(header, PARENT_NAME, PARENT_NAME_BYTES, StandardCharsets.UTF_16BE);
        require(!name.isEmpty(), "does not name the disk that it holds the differences to");
        return name.substring(Math.max(name.lastIndexOf('\\'), name.lastIndexOf('/')) + 1);
    }

    private static String text(ByteBuffer bytes, int from, int length, Charset charset) {
        byte[] text = new byte[length];
        bytes.get(from, text);
        String whole = new String(text, charset);
        int end = whole.indexOf('\0');
        return end < 0 ? whole : whole.substring(0, end);
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public synchronized Piece find(long offset) throws IOException {
        if (table == null) {
            return Piece.of(file, offset, bytes - offset);
        }
        int block = (int) (offset / blockBytes);
        long into = offset % blockBytes;
        int sector = table.getInt(4 * block);
        if (sector == ABSENT) {
            return Piece.of(parent, offset, blockBytes - into);
        }
        long start = Integer.toUnsignedLong(sector) * SECTOR;
        loadBitmap(block, start);
        boolean there = there(into / SECTOR);
        long end = into / SECTOR + 1;
        while (end < blockBytes / SECTOR && there(end) == there) {
            end++;
        }
        long length = end * SECTOR - into;
        return there ? Piece.of(file, start + bitmapBytes + into, length) : Piece.of(parent, offset, length);
    }

    private void loadBitmap(int block, long start) throws IOException {
        if (block != bitmapBlock) {
            bitmapBlock = -1;
            bitmap = file.load(start, bitmapBytes);
            bitmapBlock = block;
        }
    }

    private boolean there(long sector) {
        return (bitmap.get((int) (sector / 8)) & 0x80 >>> sector % 8) != 0;
    }

    @Override
    public void close() {
        file.close();
        if (parent != null) {
            parent.close();
        }
    }
}
