// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

/// Features, configuration fields and requests of a virtio block device.
///
/// @virtio 1.2 §5.2 "Block Device"
final class BlockLayout {
    static final int TYPE = 2, PCI_CLASS = 0x010000;

    static final long F_SEG_MAX = 1L << 2, F_RO = 1L << 5, F_BLK_SIZE = 1L << 6, F_FLUSH = 1L << 9,
            F_TOPOLOGY = 1L << 10, F_CONFIG_WCE = 1L << 11, F_MQ = 1L << 12, F_DISCARD = 1L << 13,
            F_WRITE_ZEROES = 1L << 14;

    static final int CAPACITY = 0, SEG_MAX = 12, BLK_SIZE = 20, PHYSICAL_BLOCK_EXP = 24, MIN_IO_SIZE = 26,
            WRITEBACK = 32, NUM_QUEUES = 34, MAX_DISCARD_SECTORS = 36, MAX_DISCARD_SEG = 40,
            DISCARD_SECTOR_ALIGNMENT = 44, MAX_WRITE_ZEROES_SECTORS = 48, MAX_WRITE_ZEROES_SEG = 52,
            WRITE_ZEROES_MAY_UNMAP = 56, BYTES = 60;

    static final int IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13;
    static final int HEADER_BYTES = 16, HEADER_SECTOR = 8, ID_BYTES = 20;
    static final int OK = 0, IOERR = 1, UNSUPP = 2;

    /// A range of a discard or write-zeroes request: sector, number of sectors, flags.
    static final int RANGE_BYTES = 16, RANGE_SECTORS = 8, RANGE_FLAGS = 12, RANGE_UNMAP = 1;

    private BlockLayout() { }
}
