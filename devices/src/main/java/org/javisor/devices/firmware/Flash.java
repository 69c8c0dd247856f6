// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.firmware;

import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import org.javisor.host.HostMemory;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;

/// A NOR flash chip with Intel's command set (CFI command set 1), 8 bits wide: memory that is programmed and erased by
/// commands, and keeps what it holds.
///
/// While it shows its array the guest reads it as memory, straight from a read-only slot, and only writes come here;
/// while it shows status or identity the slot is gone and reads come here too.
///
/// @jedec JEP137 "Common Flash Interface (CFI) ID Codes"; Intel StrataFlash 28F640J3 datasheet "Command Definitions"
public final class Flash implements BusDevice, Chip<Flash.State> {
    public static final int BLOCK_BYTES = 4096;
    /// As many as a length of one byte can tell.
    private static final int BUFFER_BYTES = 256;

    // Commands.
    private static final int PROGRAM = 0x10, PROGRAM_ALTERNATE = 0x40, ERASE = 0x20, CLEAR_STATUS = 0x50,
            READ_STATUS = 0x70, READ_IDENTITY = 0x90, QUERY = 0x98, WRITE_BUFFER = 0xe8, CONFIRM = 0xd0,
            READ_ARRAY = 0xff;
    // Status.
    private static final int READY = 0x80, ERASE_FAILED = 0x20, PROGRAM_FAILED = 0x10;
    private static final int INTEL = 0x89, DEVICE = 0x18;

    /// Where what is programmed goes for good.
    @FunctionalInterface
    public interface Storage {
        /// Keeps `count` bytes of `content` from `from` on.
        ///
        /// @throws UncheckedIOException if that fails: the guest sees the operation fail
        void keep(byte[] content, int from, int count);
    }

    /// @param command the last command, that decides what reads show; [#READ_ARRAY] is 0xff
    /// @param pending what the next write is: 0 a command, 1 a byte to program, 2 an erase's confirmation, 3 a buffer's
    ///     length, 4 its bytes, 5 its confirmation
    public record State(int command, int pending, int status, int left, int start, byte[] buffer, byte[] content) {
        public State {
            if ((command & ~0xff) != 0 || pending < 0 || pending > CONFIRMING || (status & ~0xff) != 0 || left < 0
                    || left + buffer.length > BUFFER_BYTES || (left > 0) != (pending == FILLING) || start < 0
                    || start >= content.length) {
                throw new IllegalArgumentException("flash state that no chip can have");
            }
            buffer = buffer.clone();
            content = content.clone();
        }
    }

    private static final int IDLE = 0, BYTE = 1, ERASING = 2, LENGTH = 3, FILLING = 4, CONFIRMING = 5;

    private final Object lock = new Object();
    private final GuestMemory memory;
    private final int slot;
    private final long gpa;
    private final Ram array;
    private final Storage storage;
    private final BooleanSupplier trusted;
    private final int bytes;
    private boolean showsArray;

    private int command = READ_ARRAY;
    private int pending = IDLE;
    private int status = READY;
    private int left;
    private int start;
    private byte[] buffer = {};

    /// Puts the chip into memory at `gpa`; who does that attaches it to the MMIO bus there too.
    ///
    /// @param slot    number of the memory slot that it may use
    /// @param content a multiple of [#BLOCK_BYTES]
    /// @param array   host memory of that size, the caller's to free
    public Flash(GuestMemory memory, int slot, long gpa, byte[] content, Ram array, Storage storage) {
        this(memory, slot, gpa, content, array, storage, () -> true);
    }

    /// As the other, for a chip that takes commands from some alone, and shows all others its array.
    ///
    /// @param trusted whether an access that the calling thread makes is from one of those: a processor in system
    ///     management mode
    public Flash(GuestMemory memory, int slot, long gpa, byte[] content, Ram array, Storage storage,
                 BooleanSupplier trusted) {
        this.trusted = trusted;
        if (content.length == 0 || content.length % BLOCK_BYTES != 0 || array.bytes() != content.length) {
            throw new IllegalArgumentException("flash of " + content.length + " bytes");
        }
        this.memory = memory;
        this.slot = slot;
        this.gpa = gpa;
        this.array = array;
        this.storage = storage;
        this.bytes = content.length;
        write(0, content, content.length);
        show();
    }

    public int bytes() {
        return bytes;
    }

    private void write(int from, byte[] content, int count) {
        MemorySegment.copy(MemorySegment.ofArray(content), 0,
                HostMemory.segment(array.hva() + from, count), 0, count);
        memory.written(gpa + from, count);
    }

    private byte[] content(int from, int count) {
        return HostMemory.segment(array.hva() + from, count)
                .toArray(ValueLayout.JAVA_BYTE);
    }

    /// Brings the memory slot in line with what reads are to show.
    private void show() {
        boolean wanted = command == READ_ARRAY;
        if (wanted && !showsArray) {
            memory.addSlot(slot, gpa, array, 0, bytes, true);
        } else if (!wanted && showsArray) {
            memory.removeSlot(slot);
        }
        showsArray = wanted;
    }

    // ---- accesses ----

    @Override
    public long read(long offset, int size) {
        synchronized (lock) {
            long value = 0;
            for (int n = 0; n < size; n++) {
                value |= (long) readByte((int) offset + n) << 8 * n;
            }
            return value;
        }
    }

    private int readByte(int offset) {
        return switch (trusted.getAsBoolean() ? command : READ_ARRAY) {
            case READ_ARRAY -> offset < bytes ? content(offset, 1)[0] & 0xff : 0xff;
            case READ_IDENTITY -> switch (offset & BLOCK_BYTES - 1) {
                case 0 -> INTEL;
                case 1 -> DEVICE;
                default -> 0;
            };
            case QUERY -> query(offset);
            default -> status;
        };
    }

    /// The first bytes of the CFI table: that there is one, and which command set this is.
    private int query(int offset) {
        return switch (offset) {
            case 0x10 -> 'Q';
            case 0x11 -> 'R';
            case 0x12 -> 'Y';
            case 0x13 -> 1;
            case 0x15 -> 0x31;
            case 0x27 -> Integer.numberOfTrailingZeros(Integer.highestOneBit(bytes));
            case 0x2a -> Integer.numberOfTrailingZeros(BUFFER_BYTES);
            case 0x2c -> 1;
            case 0x2d -> bytes / BLOCK_BYTES - 1 & 0xff;
            case 0x2e -> bytes / BLOCK_BYTES - 1 >>> 8 & 0xff;
            case 0x2f -> BLOCK_BYTES >>> 8 & 0xff;
            case 0x30 -> BLOCK_BYTES >>> 16;
            default -> 0;
        };
    }

    @Override
    public void write(long offset, int size, long value) {
        if (!trusted.getAsBoolean()) {
            return;
        }
        synchronized (lock) {
            for (int n = 0; n < size; n++) {
                writeByte((int) offset + n, (int) (value >>> 8 * n) & 0xff);
            }
            show();
        }
    }

    private void writeByte(int offset, int value) {
        if (offset >= bytes) {
            return;
        }
        switch (pending) {
            case BYTE -> {
                pending = IDLE;
                program(offset, new byte[] {(byte) value});
            }
            case ERASING -> {
                pending = IDLE;
                if (value == CONFIRM) {
                    erase(offset & -BLOCK_BYTES);
                } else {
                    status |= ERASE_FAILED | PROGRAM_FAILED;
                }
            }
            case LENGTH -> {
                left = value + 1;
                buffer = new byte[0];
                pending = FILLING;
            }
            case FILLING -> fill(offset, value);
            case CONFIRMING -> {
                pending = IDLE;
                if (value == CONFIRM) {
                    program(start, buffer);
                } else {
                    status |= PROGRAM_FAILED;
                }
            }
            default -> begin(value);
        }
    }

    private void begin(int value) {
        switch (value) {
            case PROGRAM, PROGRAM_ALTERNATE -> expect(value, BYTE);
            case ERASE -> expect(value, ERASING);
            case WRITE_BUFFER -> expect(value, LENGTH);
            case CLEAR_STATUS -> {
                status = 0;
                command = READ_ARRAY;
            }
            case READ_STATUS, READ_IDENTITY, QUERY -> command = value;
            default -> command = READ_ARRAY;
        }
    }

    private void expect(int value, int next) {
        command = value;
        pending = next;
        status |= READY;
    }

    /// The bytes of a buffer come in order of address.
    private void fill(int offset, int value) {
        if (buffer.length == 0) {
            start = offset;
        }
        buffer = Arrays.copyOf(buffer, buffer.length + 1);
        buffer[buffer.length - 1] = (byte) value;
        if (--left == 0) {
            pending = CONFIRMING;
        }
    }

    /// Programming can only clear bits.
    private void program(int offset, byte[] values) {
        int count = Math.min(values.length, bytes - offset);
        byte[] now = content(offset, count);
        for (int n = 0; n < count; n++) {
            now[n] &= values[n];
        }
        change(offset, now, PROGRAM_FAILED);
    }

    private void erase(int offset) {
        byte[] ones = new byte[BLOCK_BYTES];
        Arrays.fill(ones, (byte) 0xff);
        change(offset, ones, ERASE_FAILED);
    }

    private void change(int offset, byte[] values, int failure) {
        try {
            storage.keep(values, offset, values.length);
            write(offset, values, values.length);
            status |= READY;
        } catch (UncheckedIOException _) {
            status |= READY | failure;
        }
    }

    // ---- life ----

    @Override
    public void reset() {
        synchronized (lock) {
            command = READ_ARRAY;
            pending = IDLE;
            status = READY;
            left = 0;
            buffer = new byte[0];
            show();
        }
    }

    @Override
    public State save() {
        synchronized (lock) {
            return new State(command, pending, status, left, start, buffer, content(0, bytes));
        }
    }

    @Override
    public void load(State state) {
        if (state.content.length != bytes) {
            throw new IllegalArgumentException("flash of " + state.content.length + " bytes into one of " + bytes);
        }
        synchronized (lock) {
            command = state.command;
            pending = state.pending;
            status = state.status;
            left = state.left;
            start = state.start;
            buffer = state.buffer.clone();
            write(0, state.content, bytes);
            show();
        }
    }
}
