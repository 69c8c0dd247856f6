// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.util.function.BooleanSupplier;
import org.javisor.memory.Chip;

/// Which events are system management interrupts, and which have happened: a few of the ports that [AcpiPm] places, as
/// an ICH9 or a PIIX4 has them. The event is a write to the SMI command port.
///
/// Each write is an interrupt of its own, whether or not the handler has cleared the status of the one before:
/// firmware for virtual machines does not.
///
/// @datasheet Intel ICH9 "SMI_EN—SMI Control and Enable Register"; Intel 82371AB (PIIX4) "GLBCTL—Global Control"
public final class SmiControl implements Chip<SmiControl.State> {
    /// The processors' pins.
    @FunctionalInterface
    public interface Sink {
        /// Interrupts the processor that the calling thread runs, or the first; or all of them.
        void smi(boolean all);
    }

    private static final int ICH9_ENABLE = 0x30, ICH9_STATUS = 0x34, PIIX4_STATUS = 0x18, PIIX4_ENABLE = 0x28;
    private static final int REGISTER_BYTES = 4;
    /// Bits of the enable register: everything, and (of an ICH9) the command port.
    private static final int GLOBAL = 1, ICH9_APMC = 0x20;
    /// What can be written; what an ICH9's lock keeps.
    private static final int ICH9_ENABLE_BITS = 0x0002_7cfd, PIIX4_ENABLE_BITS = 0x0104_ff07;
    /// The command port's bit of the status register: cleared by writing 1.
    private static final int APM_STS = 0x20;

    /// @param command whether writes to the command port count; an ICH9 has a bit for it in `enable` instead
    /// @param locked  whether GBL_SMI_EN cannot be changed before the next reset
    public record State(int enable, int status, boolean command, boolean locked) {
        public State {
            if ((enable & ~(ICH9_ENABLE_BITS | PIIX4_ENABLE_BITS)) != 0 || (status & ~APM_STS) != 0) {
                throw new IllegalArgumentException("SMI control with bits that no register has");
            }
        }
    }

    private final boolean ich9;
    private final Sink sink;
    private final BooleanSupplier broadcast;
    private int enable;
    private int status;
    private boolean command;
    private boolean locked;

    private SmiControl(boolean ich9, Sink sink, BooleanSupplier broadcast) {
        this.ich9 = ich9;
        this.sink = sink;
        this.broadcast = broadcast;
    }

    /// @param broadcast whether firmware has asked that all processors be interrupted
    public static SmiControl ich9(Sink sink, BooleanSupplier broadcast) {
        return new SmiControl(true, sink, broadcast);
    }

    public static SmiControl piix4(Sink sink) {
        return new SmiControl(false, sink, () -> false);
    }

    /// Whether the register at `offset` of the power-management block is one of these.
    boolean holds(int offset) {
        return within(offset, enableAt()) || within(offset, statusAt());
    }

    private static boolean within(int offset, int register) {
        return offset >= register && offset < register + REGISTER_BYTES;
    }

    private int enableAt() {
        return ich9 ? ICH9_ENABLE : PIIX4_ENABLE;
    }

    private int statusAt() {
        return ich9 ? ICH9_STATUS : PIIX4_STATUS;
    }

    synchronized int readByte(int offset) {
        return within(offset, enableAt()) ? enable >>> 8 * (offset - enableAt()) & 0xff
                : status >>> 8 * (offset - statusAt()) & 0xff;
    }

    synchronized void writeByte(int offset, int value) {
        if (within(offset, enableAt())) {
            int shift = 8 * (offset - enableAt());
            int kept = locked ? GLOBAL : 0;
            int mask = 0xff << shift & (ich9 ? ICH9_ENABLE_BITS : PIIX4_ENABLE_BITS) & ~kept;
            enable = enable & ~mask | value << shift & mask;
        } else {
            status &= ~(value << 8 * (offset - statusAt()));
        }
    }

    /// A PIIX4's function says so: whether writes to the command port count.
    public synchronized void command(boolean counts) {
        command = counts;
    }

    /// An ICH9's function says so: SMI_LOCK is set, or has been reset.
    public synchronized void lock(boolean whether) {
        locked = whether;
    }

    /// The command port has been written.
    void commanded() {
        synchronized (this) {
            boolean wanted = (enable & GLOBAL) != 0 && (ich9 ? (enable & ICH9_APMC) != 0 : command);
            if (!wanted) {
                return;
            }
            status |= APM_STS;
        }
        sink.smi(broadcast.getAsBoolean());
    }

    // ---- life ----

    @Override
    public void reset() {
        load(new State(0, 0, false, false));
    }

    @Override
    public synchronized State save() {
        return new State(enable, status, command, locked);
    }

    @Override
    public synchronized void load(State state) {
        enable = state.enable;
        status = state.status;
        command = state.command;
        locked = state.locked;
    }
}
