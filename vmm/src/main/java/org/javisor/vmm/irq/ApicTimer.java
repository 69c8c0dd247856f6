// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.javisor.vmm.irq.ApicLayout.ONE_SHOT;
import static org.javisor.vmm.irq.ApicLayout.PERIODIC;
import static org.javisor.vmm.irq.ApicLayout.TSC_DEADLINE;

import org.javisor.memory.Clock;

/// The local APIC's timer: counts down at 1 GHz over a divider, once or again and again, or waits for the time stamp
/// counter to reach a deadline.
///
/// Nothing ticks: registers are computed from the clock when they are read, and one [Clock.Timer] waits for the next
/// expiry. The lock guards everything; the owner is called without it.
///
/// @sdm vol. 3A §11.5.4 "APIC Timer"
public final class ApicTimer {
    /// One tick of the undivided input clock: 1 GHz, which is that of KVM and of QEMU, and what OVMF takes for granted.
    static final int TICK_NANOS = 1;
    /// Periods shorter than this are served this often. Differs from hardware, where a guest that asks for a period
    /// that it cannot handle only hurts itself.
    private static final long SHORTEST_PERIOD_NANOS = 20_000;
    private static final long NEVER = Long.MAX_VALUE;

    /// @param initialCount register
    /// @param divide       register
    /// @param deadline     the next expiry in terms of the machine's clock, or [Long#MAX_VALUE]
    /// @param tscDeadline  IA32_TSC_DEADLINE
    public record State(int mode, int initialCount, int divide, long deadline, long tscDeadline) {
        static final State RESET = new State(ONE_SHOT, 0, 0, NEVER, 0);

        public State {
            if (mode < ONE_SHOT || mode > TSC_DEADLINE + 1 || (divide & ~0xb) != 0 || deadline < 0) {
                throw new IllegalArgumentException("not a state of an APIC timer: mode " + mode + ", divide " + divide
                        + ", deadline " + deadline);
            }
        }
    }

    private final Clock clock;
    private final ProcessorPins processor;
    private final Runnable onExpiry;
    private final Clock.Timer timer;

    // Guarded by this object's monitor, which nobody outside knows.
    private int mode;
    private int initialCount;
    private int divide;
    private long deadline = NEVER;
    private long tscDeadline;

    /// @param onExpiry called on the clock's thread, or on the one that writes a deadline that has passed
    ApicTimer(Clock clock, ProcessorPins processor, Runnable onExpiry) {
        this.clock = clock;
        this.processor = processor;
        this.onExpiry = onExpiry;
        this.timer = clock.timer(this::expire);
    }

    /// The mode field of the LVT entry. Entering or leaving TSC-deadline mode disarms the timer.
    void mode(int newMode) {
        change(() -> {
            boolean counted = mode < TSC_DEADLINE;
            boolean counts = newMode < TSC_DEADLINE;
            if (newMode != mode && !(counted && counts)) {
                disarm();
            }
            mode = newMode;
        });
    }

    /// Changes a register. An expiry that is due before, but not served yet because the clock's thread is late, comes
    /// first, as it would have.
    private void change(Runnable write) {
        boolean due;
        synchronized (this) {
            due = takeExpiry();
            write.run();
        }
        if (due) {
            onExpiry.run();
        }
    }

    private void disarm() {
        initialCount = 0;
        tscDeadline = 0;
        stop();
    }

    /// 1 to 128.
    ///
    /// @sdm vol. 3A Figure 11-10 "Divide Configuration Register"
    private static int divisor(int divide) {
        int code = divide & 3 | (divide & 8) >> 1;
        return code == 7 ? 1 : 2 << code;
    }

    private int divisor() {
        return divisor(divide);
    }

    private long periodNanos() {
        return Integer.toUnsignedLong(initialCount) * TICK_NANOS * divisor();
    }

    synchronized int initialCount() {
        return initialCount;
    }

    /// Starts the timer, or stops it with zero. Ignored in TSC-deadline mode.
    void initialCount(int count) {
        change(() -> {
            if (mode < TSC_DEADLINE) {
                initialCount = count;
                if (count == 0) {
                    stop();
                } else {
                    arm(clock.nanos() + periodNanos());
                }
            }
        });
    }

    private void stop() {
        deadline = NEVER;
        timer.cancel();
    }

    private void arm(long at) {
        deadline = at;
        timer.arm(at);
    }

    synchronized int currentCount() {
        if (deadline == NEVER || mode >= TSC_DEADLINE) {
            return 0;
        }
        long left = deadline - clock.nanos();
        if (mode == PERIODIC) {
            left = Math.floorMod(left - 1, periodNanos()) + 1;
        }
        long tick = (long) TICK_NANOS * divisor();
        return (int) ((Math.max(0, left) + tick - 1) / tick);
    }

    synchronized int divide() {
        return divide;
    }

    /// Changes the speed; a count under way goes on from where it is.
    void divide(int value) {
        change(() -> {
            int left = currentCount();
            divide = value & 0xb;
            if (left != 0) {
                arm(clock.nanos() + Integer.toUnsignedLong(left) * TICK_NANOS * divisor());
            }
        });
    }

    synchronized long tscDeadline() {
        return tscDeadline;
    }

    /// IA32_TSC_DEADLINE: arms the timer for a time, or disarms it with zero. Ignored outside TSC-deadline mode.
    void tscDeadline(long tsc) {
        boolean due;
        synchronized (this) {
            if (mode != TSC_DEADLINE) {
                return;
            }
            due = takeExpiry() | setDeadline(tsc);
        }
        if (due) {
            onExpiry.run();
        }
    }

    /// @return whether the deadline has passed already
    private boolean setDeadline(long tsc) {
        long now = processor.tsc();
        boolean due = tsc != 0 && Long.compareUnsigned(tsc, now) <= 0;
        tscDeadline = due ? 0 : tsc;
        long at = clock.nanos() + processor.tscNanos(tsc - now);
        if (tscDeadline == 0 || tsc - now < 0 || at < 0) {
            stop();
        } else {
            arm(at);
        }
        return due;
    }

    /// The time stamp counter was set: a deadline in terms of it is now another time.
    void tscChanged() {
        long armed = tscDeadline();
        if (armed != 0) {
            tscDeadline(armed);
        }
    }

    private void expire() {
        change(() -> { });
    }

    /// @return whether the timer has expired, and nobody has been told
    private boolean takeExpiry() {
        long now = clock.nanos();
        if (now < deadline) {
            return false;
        }
        if (mode == PERIODIC && initialCount != 0) {
            armNextPeriod(now);
        } else {
            tscDeadline = 0;
            stop();
        }
        return true;
    }

    /// Expiries that the host has slept through are lost, as they would be in an IRR that is already set.
    private void armNextPeriod(long now) {
        long period = periodNanos();
        long passed = now - deadline + (period < SHORTEST_PERIOD_NANOS ? SHORTEST_PERIOD_NANOS : 0);
        arm(deadline + (passed / period + 1) * period);
    }

    synchronized long until() {
        return deadline - clock.nanos();
    }

    void reset() {
        restore(State.RESET);
    }

    synchronized State save() {
        return new State(mode, initialCount, divide, deadline, tscDeadline);
    }

    /// The state of a timer that has the values in its registers; the TSC deadline stays.
    synchronized State stateOf(int mode, int initialCount, int currentCount, int divide) {
        State registers = new State(mode, initialCount, divide & 0xb, NEVER, mode == TSC_DEADLINE ? tscDeadline : 0);
        if (mode == TSC_DEADLINE) {
            return new State(mode, initialCount, registers.divide, this.mode == TSC_DEADLINE ? deadline : NEVER,
                    registers.tscDeadline);
        }
        if (initialCount == 0 || currentCount == 0) {
            return registers;
        }
        long left = Integer.toUnsignedLong(currentCount) * TICK_NANOS * divisor(registers.divide);
        return new State(mode, initialCount, registers.divide, clock.nanos() + left, 0);
    }

    synchronized void restore(State saved) {
        mode = saved.mode;
        initialCount = saved.initialCount;
        divide = saved.divide;
        tscDeadline = saved.tscDeadline;
        deadline = saved.deadline;
        if (deadline == NEVER) {
            timer.cancel();
        } else {
            timer.arm(deadline);
        }
    }
}
