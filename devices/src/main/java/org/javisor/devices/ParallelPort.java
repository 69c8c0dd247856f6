// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import org.javisor.memory.Chip;
import org.javisor.memory.Clock;
import org.javisor.memory.InterruptLine;

/// The PC's standard parallel port with a printer that is always ready: data, status and control at three ports.
///
/// A byte is printed when STROBE rises. The printer says that it is busy, then acknowledges, in a few microseconds, as
/// the handshake wants it; both are computed from when the strobe was. A timer runs only for an interrupt that the
/// guest has enabled, and that comes with the acknowledgement.
///
/// @datasheet IEEE 1284 "Compatibility Mode"; IBM PC Technical Reference "Printer Adapter"
public final class ParallelPort implements EightBitDevice, Chip<ParallelPort.State> {
    public static final int PORTS = 3;

    static final int DATA = 0, STATUS = 1, CONTROL = 2;
    static final int NOT_ERROR = 8, SELECTED = 0x10, NOT_ACKNOWLEDGE = 0x40, NOT_BUSY = 0x80;
    static final int STROBE = 1, AUTO_FEED = 2, NOT_INITIALIZE = 4, SELECT_IN = 8, INTERRUPT = 0x10;
    static final long BUSY_NANOS = 2_000, ACKNOWLEDGE_NANOS = 1_000;

    /// What the lines that nothing drives read as.
    private static final int STATUS_IDLE = 7, CONTROL_IDLE = 0xe0;
    private static final int CONTROL_BITS = STROBE | AUTO_FEED | NOT_INITIALIZE | SELECT_IN | INTERRUPT;
    private static final int POWER_ON_CONTROL = NOT_INITIALIZE | SELECT_IN;
    private static final long LONG_AGO = -(BUSY_NANOS + ACKNOWLEDGE_NANOS);

    /// Everything the port remembers.
    ///
    /// @param strobed when the last byte came, in nanoseconds of the clock
    public record State(int data, int control, long strobed) {
        public State {
            if ((data & ~0xff) != 0 || (control & ~CONTROL_BITS) != 0 || strobed < LONG_AGO) {
                throw new IllegalArgumentException("parallel port with control " + control);
            }
        }
    }

    private final Object lock = new Object();
    private final Clock clock;
    private final Clock.Timer timer;
    private final InterruptLine irq;
    private final ByteSink printer;

    private int data;
    private int control = POWER_ON_CONTROL;
    private long strobed = LONG_AGO;

    /// @param irq     IRQ 7
    /// @param printer takes what is printed
    public ParallelPort(Clock clock, InterruptLine irq, ByteSink printer) {
        this.clock = clock;
        this.timer = clock.timer(this::acknowledge);
        this.irq = irq;
        this.printer = printer;
    }

    @Override
    public int readByte(int offset) {
        synchronized (lock) {
            return switch (offset) {
                case DATA -> data;
                case STATUS -> status();
                case CONTROL -> control | CONTROL_IDLE;
                default -> 0xff;
            };
        }
    }

    private int status() {
        long since = clock.nanos() - strobed;
        int handshake = NOT_BUSY | NOT_ACKNOWLEDGE;
        if (since < BUSY_NANOS) {
            handshake = NOT_ACKNOWLEDGE;
        } else if (since < BUSY_NANOS + ACKNOWLEDGE_NANOS) {
            handshake = 0;
        }
        return handshake | SELECTED | NOT_ERROR | STATUS_IDLE;
    }

    @Override
    public void writeByte(int offset, int value) {
        int printed = -1;
        synchronized (lock) {
            if (offset == DATA) {
                data = value;
            } else if (offset == CONTROL) {
                boolean rises = (value & ~control & STROBE) != 0;
                control = value & CONTROL_BITS;
                if (rises) {
                    printed = data;
                    strobed = clock.nanos();
                }
                plan();
            }
        }
        if (printed >= 0) {
            printer.accept(printed);
        }
    }

    /// Has the interrupt come when the acknowledgement does, if it is still to come.
    private void plan() {
        long due = strobed + BUSY_NANOS;
        if ((control & INTERRUPT) != 0 && clock.nanos() < due) {
            timer.arm(due);
        } else {
            timer.cancel();
        }
    }

    private void acknowledge() {
        synchronized (lock) {
            if ((control & INTERRUPT) == 0 || clock.nanos() < strobed + BUSY_NANOS) {
                return;
            }
        }
        irq.pulse();
    }

    @Override
    public void reset() {
        load(new State(0, POWER_ON_CONTROL, LONG_AGO));
    }

    @Override
    public State save() {
        synchronized (lock) {
            return new State(data, control, strobed);
        }
    }

    @Override
    public void load(State state) {
        synchronized (lock) {
            data = state.data;
            control = state.control;
            strobed = state.strobed;
            plan();
        }
    }
}
