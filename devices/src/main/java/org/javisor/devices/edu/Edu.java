// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.edu;

import java.util.Arrays;
import org.javisor.devices.Pin;
import org.javisor.devices.RegisterMap;
import org.javisor.devices.pci.Msi;
import org.javisor.devices.pci.PciFunction;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// QEMU's educational device: it inverts bits, computes factorials, interrupts when told, and copies between memory and
/// a buffer of its own.
///
/// Everything is done within the write that asks for it, so nobody ever sees the device busy. A copy that leaves the
/// buffer does not happen, where QEMU ends; memory that is not there reads as ones, and takes nothing.
///
/// @qemu docs/specs/edu.rst
public final class Edu implements BusDevice, Chip<Edu.State> {
    public static final int BYTES = 0x10_0000;

    static final int IDENTITY = 0x00, LIVENESS = 0x04, FACTORIAL = 0x08, STATUS = 0x20, INTERRUPTS = 0x24, RAISE = 0x60,
            ACKNOWLEDGE = 0x64, SOURCE = 0x80, DESTINATION = 0x88, COUNT = 0x90, COMMAND = 0x98;
    static final int INTERRUPT_WHEN_COMPUTED = 0x80, COMPUTED = 0x1, COPIED = 0x100;
    static final int START = 1, TO_MEMORY = 2, INTERRUPT_WHEN_COPIED = 4;
    static final int BUFFER = 0x4_0000, BUFFER_BYTES = 4096;

    private static final int IDENTITY_VALUE = 0x0100_00ed, NARROW_REGISTERS = 0x80;
    /// The device has 28 lines for addresses.
    private static final long ADDRESSES = (1L << 28) - 1;
    /// From this number on the lowest 32 bits of a factorial are zeros.
    private static final int VANISHES = 34;

    /// Everything the device remembers.
    public record State(PciFunction.State function, int liveness, int factorial, int status, int interrupts,
            long source, long destination, long count, int command, byte[] buffer) {
        public State {
            if ((status & ~INTERRUPT_WHEN_COMPUTED) != 0 || buffer.length != BUFFER_BYTES) {
                throw new IllegalArgumentException("not a state of this device");
            }
            buffer = buffer.clone();
        }
    }

    private final PciFunction function;
    private final Msi msi;
    private final DmaSpace memory;
    private final Pin pin;
    private final RegisterMap registers = new RegisterMap(COMMAND + 8);
    private final byte[] buffer = new byte[BUFFER_BYTES];

    private int liveness;
    private int factorial;
    private int status;
    private int interrupts;
    private long source;
    private long destination;
    private long count;
    private int command;
    private boolean messageDue;

    public Edu(GuestMemory guest) {
        function = new PciFunction(new PciFunction.Identity(0x1234, 0x11e8, 0x10, 0x00ff00, 0x1af4, 0x1100));
        msi = new Msi(function, 1);
        memory = function.dma(guest);
        pin = new Pin(function::intx);
        function.addMemoryBar(0, BYTES, this, "edu");
        function.useIntx(1);
        function.belongsTo(this);
        msi.onSwitch(this::drivePin);
        registers.define(IDENTITY, 4, () -> IDENTITY_VALUE);
        registers.define(LIVENESS, 4, () -> liveness, (value, _) -> liveness = ~(int) value);
        registers.define(FACTORIAL, 4, () -> factorial, (value, _) -> compute((int) value));
        registers.define(STATUS, 4, () -> status, (value, _) -> status = (int) value & INTERRUPT_WHEN_COMPUTED);
        registers.define(INTERRUPTS, 4, () -> interrupts);
        registers.define(RAISE, 4, () -> 0, (value, _) -> raise((int) value));
        registers.define(ACKNOWLEDGE, 4, () -> 0, (value, _) -> interrupts &= ~(int) value);
        registers.define(SOURCE, 8, () -> source, (value, mask) -> source = source & ~mask | value);
        registers.define(DESTINATION, 8, () -> destination,
                (value, mask) -> destination = destination & ~mask | value);
        registers.define(COUNT, 8, () -> count, (value, mask) -> count = count & ~mask | value);
        registers.define(COMMAND, 8, () -> command, (value, _) -> command((int) value));
    }

    /// What a PCI bus gets.
    public PciFunction function() {
        return function;
    }

    // ---- registers ----

    /// Registers below 0x80 are reached by words of four bytes alone, the others by eight as well.
    private static boolean answers(long offset, int size) {
        return offset % size == 0 && (size == 4 || size == 8 && offset >= NARROW_REGISTERS);
    }

    @Override
    public long read(long offset, int size) {
        if (!answers(offset, size)) {
            return -1;
        }
        synchronized (this) {
            return registers.read(offset, size);
        }
    }

    @Override
    public void write(long offset, int size, long value) {
        if (!answers(offset, size)) {
            return;
        }
        boolean due;
        synchronized (this) {
            registers.write(offset, size, value);
            due = messageDue;
            messageDue = false;
        }
        if (due) {
            msi.trigger(0);
        }
        drivePin();
    }

    private void drivePin() {
        boolean messages = msi.enabled();
        synchronized (this) {
            pin.set(interrupts != 0 && !messages);
        }
        pin.drive();
    }

    private void raise(int which) {
        interrupts |= which;
        messageDue |= interrupts != 0;
    }

    private void compute(int number) {
        factorial = Integer.compareUnsigned(number, VANISHES) >= 0 ? 0 : 1;
        for (int factor = 2; factorial != 0 && factor <= number; factor++) {
            factorial *= factor;
        }
        if ((status & INTERRUPT_WHEN_COMPUTED) != 0) {
            raise(COMPUTED);
        }
    }

    // ---- copies ----

    private void command(int value) {
        command = value & ~START;
        if ((value & START) == 0) {
            return;
        }
        boolean toMemory = (value & TO_MEMORY) != 0;
        long at = (toMemory ? source : destination) - BUFFER;
        long address = (toMemory ? destination : source) & ADDRESSES;
        if (function.busMaster() && at >= 0 && at <= BUFFER_BYTES && count >= 0 && count <= BUFFER_BYTES - at) {
            copy(toMemory, address, (int) at, (int) count);
        }
        if ((value & INTERRUPT_WHEN_COPIED) != 0) {
            raise(COPIED);
        }
    }

    private void copy(boolean toMemory, long address, int at, int bytes) {
        try {
            if (toMemory) {
                memory.store(address, buffer, at, bytes);
            } else {
                memory.load(address, buffer, at, bytes);
            }
        } catch (OutOfRangeException _) {
            if (!toMemory) {
                Arrays.fill(buffer, at, at + bytes, (byte) -1);
            }
        }
    }

    // ---- life ----

    @Override
    public void reset() {
        synchronized (this) {
            liveness = 0;
            factorial = 0;
            status = 0;
            interrupts = 0;
            source = 0;
            destination = 0;
            count = 0;
            command = 0;
            messageDue = false;
            Arrays.fill(buffer, (byte) 0);
        }
        function.reset();
        drivePin();
    }

    @Override
    public State save() {
        synchronized (this) {
            return new State(function.save(), liveness, factorial, status, interrupts, source, destination, count,
                    command, buffer);
        }
    }

    @Override
    public void load(State state) {
        synchronized (this) {
            liveness = state.liveness;
            factorial = state.factorial;
            status = state.status;
            interrupts = state.interrupts;
            source = state.source;
            destination = state.destination;
            count = state.count;
            command = state.command;
            System.arraycopy(state.buffer, 0, buffer, 0, BUFFER_BYTES);
        }
        function.load(state.function);
        drivePin();
    }
}
