// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.watch;

import org.javisor.devices.EightBitDevice;
import org.javisor.devices.RegisterMap;
import org.javisor.devices.pci.PciFunction;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.Clock;

/// The watchdog of Intel's 6300ESB: a timer of two stages. The first one's end interrupts, if that is wanted; the
/// second one's resets the machine, unless the guest has reloaded the timer in time.
///
/// Its registers take a write only after 0x80 and 0x86 have been written to the reload register. Differs from the chip
/// in that its interrupt is the function's INTA#, and not pin 10 of a second I/O APIC; there is no SMI.
///
/// @datasheet Intel 6300ESB I/O Controller Hub "Watchdog Timer (D29:F4)"
public final class I6300Esb implements BusDevice, Chip<I6300Esb.State> {
    public static final int REGISTER_BYTES = 16;

    static final int PRELOAD1 = 0, PRELOAD2 = 4, INTERRUPT_STATUS = 8, RELOAD = 0xc;
    static final int CONFIG = 0x60, LOCK = 0x68;
    static final int UNLOCK_FIRST = 0x80, UNLOCK_SECOND = 0x86;
    static final int RELOAD_TIMER = 0x100, TIMED_OUT = 0x200;
    static final int CONFIG_INTERRUPT = 3, CONFIG_MEGAHERTZ = 4, CONFIG_NO_RESET = 0x20;
    static final int LOCK_LOCKED = 1, LOCK_ENABLE = 2, LOCK_FREE_RUNNING = 4;
    private static final int LOCK_BITS = LOCK_LOCKED | LOCK_ENABLE | LOCK_FREE_RUNNING;

    private static final int PRELOAD_BITS = 0xf_ffff;
    private static final int INTERRUPT_BY_PIN = 0;
    private static final long PCI_HZ = 33_000_000, NANOS_PER_SECOND = 1_000_000_000;
    /// A stage does not end sooner. Differs from the chip, whose owner cannot keep a host busy.
    private static final long SHORTEST_NANOS = 100_000;
    /// How many PCI clocks, as a power of two, are one tick of the timer.
    private static final int SLOW_SHIFT = 15, FAST_SHIFT = 5;
    private static final int UNLOCKED = 2;

    /// Everything the watchdog remembers.
    ///
    /// @param control   lock, enable and free-running
    /// @param unlocking how many bytes of the unlocking sequence have come; 2 lets the next write in
    /// @param stage     1 or 2 while it runs, else 0
    /// @param deadline  when the stage ends, in nanoseconds of the clock, while it runs
    /// @param timedOut  whether it has reset the machine; outlives that reset
    public record State(PciFunction.State function, int control, int preload1, int preload2, boolean interrupt,
            int unlocking, int stage, long deadline, boolean timedOut) {
        public State {
            if ((control & ~LOCK_BITS) != 0 || (preload1 & ~PRELOAD_BITS) != 0 || (preload2 & ~PRELOAD_BITS) != 0
                    || unlocking < 0 || unlocking > UNLOCKED || stage < 0 || stage > 2 || deadline < 0) {
                throw new IllegalArgumentException("watchdog at stage " + stage);
            }
        }
    }

    private final Object lock = new Object();
    private final Clock clock;
    private final Clock.Timer timer;
    private final Runnable action;
    private final PciFunction function;
    private final RegisterMap registers = new RegisterMap(REGISTER_BYTES);

    private int control;
    private int preload1 = PRELOAD_BITS;
    private int preload2 = PRELOAD_BITS;
    private boolean interrupt;
    private int unlocking;
    private int stage;
    private long deadline;
    private boolean timedOut;

    /// @param action what to do when time has run out, on the clock's thread: a reset of the machine, as a rule
    public I6300Esb(Clock clock, Runnable action) {
        this.clock = clock;
        this.timer = clock.timer(this::expire);
        this.action = action;
        function = new PciFunction(new PciFunction.Identity(0x8086, 0x25ab, 2, 0x088000, 0x1af4, 0x1100));
        function.addMemoryBar(0, REGISTER_BYTES, this, "watchdog");
        function.useIntx(1);
        function.config().allow(CONFIG, 2, CONFIG_INTERRUPT | CONFIG_MEGAHERTZ | CONFIG_NO_RESET);
        function.addWindow(LOCK, 4, new LockRegister());
        function.belongsTo(this);
        registers.define(PRELOAD1, 4, () -> preload1, (value, _) -> preload1 = preload(preload1, value));
        registers.define(PRELOAD2, 4, () -> preload2, (value, _) -> preload2 = preload(preload2, value));
        registers.define(INTERRUPT_STATUS, 4, () -> interrupt ? 1 : 0, (value, _) -> interrupt &= (value & 1) == 0);
        registers.define(RELOAD, 4, () -> timedOut ? TIMED_OUT : 0, (value, _) -> writeReload((int) value));
    }

    /// What a PCI bus gets.
    public PciFunction function() {
        return function;
    }

    /// Configuration byte 0x68, whose lowest bit locks all of it until the next reset; nothing is behind it.
    private final class LockRegister implements EightBitDevice {
        @Override
        public int readByte(int offset) {
            synchronized (lock) {
                return offset == 0 ? control : 0;
            }
        }

        @Override
        public void writeByte(int offset, int value) {
            synchronized (lock) {
                if (offset != 0 || (control & LOCK_LOCKED) != 0) {
                    return;
                }
                boolean ran = (control & LOCK_ENABLE) != 0;
                control = value & LOCK_BITS;
                if ((value & LOCK_ENABLE) == 0) {
                    stop();
                } else if (!ran) {
                    start(1);
                }
            }
        }
    }

    // ---- registers ----

    @Override
    public long read(long offset, int size) {
        synchronized (lock) {
            return registers.read(offset, size);
        }
    }

    @Override
    public void write(long offset, int size, long value) {
        synchronized (lock) {
            registers.write(offset, size, value);
        }
        driveInterrupt();
    }

    private int preload(int before, long value) {
        if (unlocking != UNLOCKED) {
            return before;
        }
        unlocking = 0;
        return (int) value & PRELOAD_BITS;
    }

    private void writeReload(int value) {
        if (unlocking != UNLOCKED && value == UNLOCK_FIRST) {
            unlocking = 1;
        } else if (unlocking == 1 && value == UNLOCK_SECOND) {
            unlocking = UNLOCKED;
        } else if (unlocking == UNLOCKED) {
            unlocking = 0;
            timedOut &= (value & TIMED_OUT) == 0;
            if ((value & RELOAD_TIMER) != 0 && stage != 0) {
                start(1);
            }
        } else {
            unlocking = 0;
        }
    }

    // ---- the timer ----

    private int configured(int bits) {
        return function.readConfig(CONFIG, 2) & bits;
    }

    private void start(int newStage) {
        int shift = configured(CONFIG_MEGAHERTZ) != 0 ? FAST_SHIFT : SLOW_SHIFT;
        long clocks = (long) (newStage == 1 ? preload1 : preload2) << shift;
        stage = newStage;
        deadline = clock.nanos() + Math.max(SHORTEST_NANOS, clocks * NANOS_PER_SECOND / PCI_HZ);
        timer.arm(deadline);
    }

    private void stop() {
        stage = 0;
        deadline = 0;
        timer.cancel();
    }

    private void expire() {
        boolean act = false;
        synchronized (lock) {
            if (stage == 0 || clock.nanos() < deadline) {
                return;
            }
            if (stage == 1) {
                interrupt |= configured(CONFIG_INTERRUPT) == INTERRUPT_BY_PIN;
                start(2);
            } else {
                act = configured(CONFIG_NO_RESET) == 0;
                endSecondStage(act);
            }
        }
        driveInterrupt();
        if (act) {
            action.run();
        }
    }

    private void endSecondStage(boolean resets) {
        timedOut |= resets;
        if (!resets && (control & LOCK_FREE_RUNNING) != 0) {
            start(1);
        } else {
            stop();
        }
    }

    private void driveInterrupt() {
        boolean level;
        synchronized (lock) {
            level = interrupt;
        }
        function.intx(level);
    }

    // ---- life ----

    @Override
    public void reset() {
        function.reset();
        synchronized (lock) {
            control = 0;
            preload1 = PRELOAD_BITS;
            preload2 = PRELOAD_BITS;
            interrupt = false;
            unlocking = 0;
            stop();
        }
        driveInterrupt();
    }

    @Override
    public State save() {
        synchronized (lock) {
            return new State(function.save(), control, preload1, preload2, interrupt, unlocking, stage, deadline,
                    timedOut);
        }
    }

    @Override
    public void load(State state) {
        function.load(state.function);
        synchronized (lock) {
            control = state.control;
            preload1 = state.preload1;
            preload2 = state.preload2;
            interrupt = state.interrupt;
            unlocking = state.unlocking;
            stage = state.stage;
            deadline = state.deadline;
            timedOut = state.timedOut;
            if (stage == 0) {
                timer.cancel();
            } else {
                timer.arm(deadline);
            }
        }
        driveInterrupt();
    }
}
