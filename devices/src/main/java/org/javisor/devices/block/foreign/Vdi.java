// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.foreign;

import static org.javisor.devices.block.foreign.ForeignImage.require;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.javisor.devices.block.ImageFile;

/// VirtualBox's format: a map of blocks, and the blocks behind it.
final class Vdi implements Layout {
    private static final int VERSION = 0x44, TYPE = 0x4c, MAP_OFFSET = 0x154, DATA_OFFSET = 0x158, SECTOR_BYTES = 0x168,
            DISK_BYTES = 0x170, BLOCK_BYTES = 0x178, BLOCK_EXTRA = 0x17c, BLOCKS = 0x180, HEADER_BYTES = 0x200;
    private static final int VERSION_1_1 = 0x10001, DYNAMIC = 1, STATIC = 2, MOST_BLOCKS = 1 << 24;
    /// Entries of the map that stand for zeros: never written, and discarded.
    private static final int ABSENT = -1, DISCARDED = -2;

    private final ImageFile file;
    private final long bytes;
    private final long blockBytes;
    private final long dataOffset;
    private final ByteBuffer map;

    Vdi(ImageFile file) throws IOException {
        this.file = file;
        ByteBuffer header = file.load(0, HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        require(header.getInt(VERSION) == VERSION_1_1, "is VDI version 0x" + Integer.toHexString(header.getInt(VERSION))
                + "; 1.1 is understood");
        int type = header.getInt(TYPE);
        require(type == DYNAMIC || type == STATIC, "is a VDI image of type " + type
                + "; only whole disks (1 and 2) are understood");
        bytes = header.getLong(DISK_BYTES);
        blockBytes = Integer.toUnsignedLong(header.getInt(BLOCK_BYTES));
        dataOffset = Integer.toUnsignedLong(header.getInt(DATA_OFFSET));
        long blocks = Integer.toUnsignedLong(header.getInt(BLOCKS));
        long mapOffset = Integer.toUnsignedLong(header.getInt(MAP_OFFSET));
        require(header.getInt(SECTOR_BYTES) == 512 && header.getInt(BLOCK_EXTRA) == 0, "has sectors of another size");
        require(blockBytes >= 512 && blockBytes <= 1 << 28 && Long.bitCount(blockBytes) == 1,
                "has blocks of " + blockBytes + " bytes");
        require(blocks <= MOST_BLOCKS && bytes >= 0 && bytes <= blocks * blockBytes,
                "claims " + Long.toUnsignedString(bytes) + " bytes in " + blocks + " blocks");
        require(mapOffset + 4 * blocks <= file.length(), "is cut short: its map of blocks is not whole");
        map = file.load(mapOffset, (int) (4 * blocks)).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public Piece find(long offset) {
        int entry = map.getInt((int) (offset / blockBytes) * 4);
        long into = offset % blockBytes;
        return entry == ABSENT || entry == DISCARDED ? Piece.zeroes(blockBytes - into)
                : Piece.of(file, dataOffset + Integer.toUnsignedLong(entry) * blockBytes + into, blockBytes - into);
    }

    @Override
    public void close() {
        file.close();
    }
}
