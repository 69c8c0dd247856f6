// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.vga;

import java.util.Arrays;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;

/// The Bochs display interface: ten 16-bit registers behind an index, for pictures of any size with linear memory.
///
/// @qemu docs/specs/standard-vga.rst; Bochs iodev/display/vga.h
public final class VbeRegisters implements BusDevice, Chip<VbeRegisters.State> {
    public static final int PORT = 0x1ce, PORTS = 3;

    static final int ID = 0, WIDTH = 1, HEIGHT = 2, DEPTH = 3, ENABLE = 4, BANK = 5, VIRTUAL_WIDTH = 6,
            VIRTUAL_HEIGHT = 7, X_OFFSET = 8, Y_OFFSET = 9, MEMORY_64K = 10, REGISTERS = 11;
    static final int ENABLED = 1, GET_CAPABILITIES = 2, EIGHT_BIT_DAC = 0x20, LINEAR = 0x40, KEEP_MEMORY = 0x80;
    private static final int NEWEST = 0xb0c5, OLDEST = 0xb0c0;
    static final int MAX_WIDTH = 2560, MAX_HEIGHT = 1600, MAX_DEPTH = 32;

    /// All registers, and the index.
    public record State(int index, int[] values) {
        public State {
            if (values.length != REGISTERS || (index & ~0xffff) != 0) {
                throw new IllegalArgumentException("VBE state of " + values.length + " registers");
            }
            values = values.clone();
        }
    }

    private final VideoMemory memory;
    private final int[] values = new int[REGISTERS];
    private int index;

    VbeRegisters(VideoMemory memory) {
        this.memory = memory;
        reset();
    }

    synchronized int get(int register) {
        return values[register];
    }

    boolean enabled() {
        return (get(ENABLE) & ENABLED) != 0;
    }

    /// Bytes from one line of the picture to the next.
    synchronized int stride() {
        return stride(values[VIRTUAL_WIDTH]);
    }

    private int stride(int width) {
        return values[DEPTH] == 4 ? width / 2 : width * ((values[DEPTH] + 7) / 8);
    }

    /// The index at the first port; data at the second, or for 16-bit hosts' sake at the third.
    @Override
    public synchronized long read(long offset, int size) {
        if (size != 2) {
            return -1;
        }
        return offset == 0 ? index : offset == 1 || offset == 2 ? readRegister(index) : -1;
    }

    @Override
    public synchronized void write(long offset, int size, long value) {
        if (size != 2) {
            return;
        }
        if (offset == 0) {
            index = (int) value & 0xffff;
        } else {
            writeRegister(index, (int) value & 0xffff);
        }
    }

    synchronized int readRegister(int register) {
        if (register < 0 || register >= REGISTERS) {
            return 0;
        }
        if ((values[ENABLE] & GET_CAPABILITIES) != 0) {
            return switch (register) {
                case WIDTH -> MAX_WIDTH;
                case HEIGHT -> MAX_HEIGHT;
                case DEPTH -> MAX_DEPTH;
                default -> values[register];
            };
        }
        return values[register];
    }

    synchronized void writeRegister(int register, int value) {
        switch (register) {
            case ID -> values[ID] = value >= OLDEST && value <= NEWEST ? value : values[ID];
            case WIDTH -> setUnlessEnabled(WIDTH, value, value > 0 && value <= MAX_WIDTH && value % 8 == 0);
            case HEIGHT -> setUnlessEnabled(HEIGHT, value, value > 0 && value <= MAX_HEIGHT);
            case DEPTH -> setUnlessEnabled(DEPTH, value == 0 ? 8 : value, isDepth(value));
            case ENABLE -> enable(value);
            case BANK -> values[BANK] = value % (VideoMemory.BYTES >> 16);
            case VIRTUAL_WIDTH -> setVirtualWidth(value);
            case X_OFFSET, Y_OFFSET -> values[register] = value;
            default -> { }
        }
    }

    /// Whether a picture can have so many bits a pixel; 0 asks for 8.
    private static boolean isDepth(int bits) {
        return switch (bits) {
            case 0, 4, 8, 15, 16, 24, 32 -> true;
            default -> false;
        };
    }

    private void setUnlessEnabled(int register, int value, boolean possible) {
        if (possible && (values[ENABLE] & ENABLED) == 0) {
            values[register] = value;
        }
    }

    private void setVirtualWidth(int value) {
        int width = Math.max(value, values[WIDTH]);
        int stride = stride(width);
        if (stride != 0 && VideoMemory.BYTES / stride >= values[HEIGHT]) {
            values[VIRTUAL_WIDTH] = width;
            values[VIRTUAL_HEIGHT] = Math.min(VideoMemory.BYTES / stride, 0xffff);
        }
    }

    private void enable(int value) {
        boolean begins = (value & ENABLED) != 0 && (values[ENABLE] & ENABLED) == 0;
        values[ENABLE] = value & (ENABLED | GET_CAPABILITIES | EIGHT_BIT_DAC | LINEAR | KEEP_MEMORY);
        if (begins) {
            values[VIRTUAL_WIDTH] = 0;
            setVirtualWidth(values[WIDTH]);
            values[X_OFFSET] = 0;
            values[Y_OFFSET] = 0;
            if ((value & KEEP_MEMORY) == 0) {
                memory.clear((long) values[HEIGHT] * stride(values[VIRTUAL_WIDTH]));
            }
        }
        values[BANK] = 0;
    }

    @Override
    public void reset() {
        synchronized (this) {
            Arrays.fill(values, 0);
            index = 0;
            values[ID] = NEWEST;
            values[MEMORY_64K] = VideoMemory.BYTES >> 16;
            values[DEPTH] = 8;
        }
    }

    @Override
    public synchronized State save() {
        return new State(index, values);
    }

    @Override
    public synchronized void load(State state) {
        // A picture that is larger than video memory, as a guest can leave it behind, wraps around in that.
        boolean wide = Arrays.stream(state.values).anyMatch(value -> (value & ~0xffff) != 0);
        if (wide || state.values[WIDTH] > MAX_WIDTH || state.values[HEIGHT] > MAX_HEIGHT
                || state.values[DEPTH] == 0 || !isDepth(state.values[DEPTH])) {
            throw new IllegalArgumentException("a picture that no guest can have asked for");
        }
        index = state.index;
        System.arraycopy(state.values, 0, values, 0, REGISTERS);
    }
}
