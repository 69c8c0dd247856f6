// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.javisor.devices.block.ImageFile;
import org.javisor.host.IoVector;

/// One cluster of an image that holds table entries, in memory; and what of it the file does not know yet.
final class Table {
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    /// Changes are written in whole sectors.
    private static final int SECTOR = 512;

    private final long offset;
    private final MemorySegment memory;
    private int dirtyFrom = Integer.MAX_VALUE;
    private int dirtyTo;

    Table(long offset, MemorySegment memory) {
        this.offset = offset;
        this.memory = memory;
    }

    /// Where it is in the file.
    long offset() {
        return offset;
    }

    MemorySegment memory() {
        return memory;
    }

    boolean dirty() {
        return dirtyTo != 0;
    }

    long get(int index) {
        return memory.get(LONG, 8L * index);
    }

    void set(int index, long value) {
        memory.set(LONG, 8L * index, value);
        changed(8 * index, 8 * index + 8);
    }

    /// The number of `bits` bits (a power of two up to 64) at `index`; small ones lie in a byte from bit 0 up.
    long get(int index, int bits) {
        return switch (bits) {
            case 64 -> get(index);
            case 32 -> memory.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN), 4L * index)
                    & 0xffff_ffffL;
            case 16 -> memory.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN), 2L * index)
                    & 0xffffL;
            default -> {
                long bit = (long) index * bits;
                yield memory.get(ValueLayout.JAVA_BYTE, bit >>> 3) >>> (bit & 7) & (1 << bits) - 1;
            }
        };
    }

    void set(int index, int bits, long value) {
        switch (bits) {
            case 64 -> set(index, value);
            case 32 -> memory.set(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN), 4L * index,
                    (int) value);
            case 16 -> memory.set(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN), 2L * index,
                    (short) value);
            default -> {
                long bit = (long) index * bits;
                int mask = (1 << bits) - 1 << (bit & 7);
                int old = memory.get(ValueLayout.JAVA_BYTE, bit >>> 3);
                memory.set(ValueLayout.JAVA_BYTE, bit >>> 3,
                        (byte) (old & ~mask | (int) (value << (bit & 7)) & mask));
            }
        }
        long bit = (long) index * bits;
        changed((int) (bit >>> 3), (int) (bit + bits + 7 >>> 3));
    }

    void allChanged() {
        changed(0, (int) memory.byteSize());
    }

    private void changed(int from, int to) {
        dirtyFrom = Math.min(dirtyFrom, from & -SECTOR);
        dirtyTo = Math.max(dirtyTo, to + SECTOR - 1 & -SECTOR);
    }

    /// Writes what has changed.
    void write(ImageFile file) throws IOException {
        if (dirty()) {
            file.write(offset + dirtyFrom, IoVector.of(memory.asSlice(dirtyFrom, (long) dirtyTo - dirtyFrom)));
            dirtyFrom = Integer.MAX_VALUE;
            dirtyTo = 0;
        }
    }
}
