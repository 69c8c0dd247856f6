// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.vga;

import org.javisor.memory.BusDevice;

/// The way into video memory at 0xa0000 to 0xbffff: through the sequencer and the graphics controller, which spread
/// bytes over planes, rotate, combine and compare them.
///
/// @datasheet IBM "Personal System/2 Hardware Interface Technical Reference", Video Subsystem, "Graphics Controller"
public final class VgaWindow implements BusDevice {
    public static final long GPA = 0xa_0000, BYTES = 0x2_0000;

    private static final int CHAIN4 = 8, ODD_EVEN = 0x10, READ_MODE_1 = 8;
    private static final int EACH = 0x0101_0101;

    private final VgaRegisters registers;
    private final VbeRegisters vbe;
    private final VideoMemory memory;
    /// One byte of each plane, as the last read left them.
    private int latch;

    VgaWindow(VgaRegisters registers, VbeRegisters vbe, VideoMemory memory) {
        this.registers = registers;
        this.vbe = vbe;
        this.memory = memory;
    }

    @Override
    public synchronized long read(long offset, int size) {
        long value = 0;
        for (int n = 0; n < size; n++) {
            value |= (long) readByte((int) offset + n) << 8 * n;
        }
        return value;
    }

    @Override
    public synchronized void write(long offset, int size, long value) {
        for (int n = 0; n < size; n++) {
            writeByte((int) offset + n, (int) (value >>> 8 * n) & 0xff);
        }
    }

    /// The offset in the mapped part of the window, or -1.
    private int mapped(int offset) {
        return switch (registers.graphics(6) >> 2 & 3) {
            case 0 -> offset;
            case 1 -> offset < 0x1_0000 ? offset + (vbe.enabled() ? vbe.get(VbeRegisters.BANK) << 16 : 0) : -1;
            case 2 -> offset >= 0x1_0000 && offset < 0x1_8000 ? offset - 0x1_0000 : -1;
            default -> offset >= 0x1_8000 ? offset - 0x1_8000 : -1;
        };
    }

    private boolean chained() {
        return (registers.sequencer(4) & CHAIN4) != 0;
    }

    private boolean oddEven() {
        return (registers.graphics(5) & ODD_EVEN) != 0;
    }

    private int readByte(int offset) {
        int at = mapped(offset);
        if (at < 0) {
            return 0xff;
        }
        if (chained()) {
            return memory.load(at);
        }
        if (oddEven()) {
            return memory.load(2L * (at & ~1) | registers.graphics(4) & 2 | at & 1);
        }
        latch = memory.loadPlanes(4L * at);
        if ((registers.graphics(5) & READ_MODE_1) == 0) {
            return latch >>> 8 * (registers.graphics(4) & 3) & 0xff;
        }
        return compare();
    }

    /// Read mode 1: which pixels have the colour asked for, in the planes that matter.
    private int compare() {
        int matter = planes(registers.graphics(7));
        int different = (latch ^ planes(registers.graphics(2))) & matter;
        return ~(different | different >>> 8 | different >>> 16 | different >>> 24) & 0xff;
    }

    /// Each of four bits as a byte of zeroes or ones.
    private static int planes(int bits) {
        return (bits & 1) * 0xff | (bits >> 1 & 1) * 0xff00 | (bits >> 2 & 1) * 0xff_0000
                | (bits >> 3 & 1) * 0xff << 24;
    }

    private void writeByte(int offset, int value) {
        int at = mapped(offset);
        if (at < 0) {
            return;
        }
        int enabled = registers.sequencer(2);
        if (chained()) {
            if ((enabled >> (at & 3) & 1) != 0) {
                memory.store(at, value);
            }
        } else if (oddEven()) {
            int plane = registers.graphics(4) & 2 | at & 1;
            if ((enabled >> plane & 1) != 0) {
                memory.store(2L * (at & ~1) | plane, value);
            }
        } else {
            int mask = planes(enabled);
            int old = memory.loadPlanes(4L * at);
            memory.storePlanes(4L * at, old & ~mask | combined(value) & mask);
        }
    }

    /// What a write puts into the four planes.
    private int combined(int value) {
        int bitMask = registers.graphics(8) * EACH;
        int data;
        switch (registers.graphics(5) & 3) {
            case 0 -> {
                int setReset = planes(registers.graphics(1));
                data = rotated(value) * EACH & ~setReset | planes(registers.graphics(0)) & setReset;
            }
            case 1 -> {
                return latch;
            }
            case 2 -> data = planes(value);
            default -> {
                bitMask &= rotated(value) * EACH;
                data = planes(registers.graphics(0));
            }
        }
        int result = switch (registers.graphics(3) >> 3 & 3) {
            case 1 -> data & latch;
            case 2 -> data | latch;
            case 3 -> data ^ latch;
            default -> data;
        };
        return result & bitMask | latch & ~bitMask;
    }

    private int rotated(int value) {
        int count = registers.graphics(3) & 7;
        return (value >>> count | value << 8 - count) & 0xff;
    }

    synchronized int latch() {
        return latch;
    }

    synchronized void latch(int value) {
        latch = value;
    }
}
