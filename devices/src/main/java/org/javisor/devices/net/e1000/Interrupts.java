// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import static org.javisor.devices.net.e1000.Layout.CTRL_EXT_IAME;
import static org.javisor.devices.net.e1000.Layout.INT_ASSERTED;
import static org.javisor.devices.net.e1000.Layout.LSC;
import static org.javisor.devices.net.e1000.Layout.MDAC;
import static org.javisor.devices.net.e1000.Layout.OTHER;
import static org.javisor.devices.net.e1000.Layout.RXO;
import static org.javisor.devices.net.e1000.Layout.RXQ0;

import java.util.Arrays;
import org.javisor.memory.Clock;

/// What causes interrupts, which of them the driver wants, and how often.
///
/// Guarded by the card's lock, but [#deliver], which drives wires and so is called without it.
///
/// @datasheet Intel 317453 §13.4.17 to §13.4.21; Intel 82574 §7.4 "Interrupts"
public final class Interrupts {
    static final int VECTORS = 5;
    private static final int CAUSES = 0x01f7_ffff;
    /// RxQ0, RxQ1, TxQ0, TxQ1 and Other have fields of IVAR and causes one behind the other.
    private static final int QUEUE_CAUSES = OTHER | OTHER - RXQ0;
    /// What has no queue's cause.
    private static final int OTHERS = LSC | RXO | MDAC;
    private static final int VALID = 8;
    private static final long THROTTLE_NANOS = 256;

    /// How the card interrupts now, and the wires.
    interface Wires {
        boolean messages();

        boolean separateMessages();

        void line(boolean level);

        void message(int vector);
    }

    /// @param causes    ICR, without its top bit
    /// @param mask      IMS
    /// @param vectors   messages to be sent, a bit each
    /// @param asserted  whether the pin is
    /// @param notBefore when the next interrupt of each vector may come, by the clock
    public record State(int causes, int mask, int autoClear, int autoMask, int allocation, int controlExtended,
            int[] intervals, int vectors, long[] notBefore, boolean asserted) {
        public State {
            if ((causes & ~CAUSES) != 0 || (mask & ~CAUSES) != 0 || intervals.length != VECTORS
                    || notBefore.length != VECTORS || vectors >>> VECTORS != 0) {
                throw new IllegalArgumentException("interrupt causes that the card does not have");
            }
            intervals = intervals.clone();
            notBefore = notBefore.clone();
        }
    }

    private final Model model;
    private final Clock clock;
    private final Clock.Timer timer;
    private final Wires wires;
    private final Object lock;
    private final int[] intervals = new int[VECTORS];
    private final long[] notBefore = new long[VECTORS];
    private int causes;
    private int mask;
    private int autoClear;
    private int autoMask;
    private int allocation;
    private int controlExtended;
    private int vectors;
    private boolean asserted;

    /// @param lock the card's
    Interrupts(Model model, Clock clock, Wires wires, Object lock) {
        this.model = model;
        this.clock = clock;
        this.wires = wires;
        this.lock = lock;
        this.timer = clock.timer(this::deliver);
    }

    // ---- causes and registers ----

    /// Adds causes; [#deliver] must follow, without the lock.
    void raise(int bits) {
        int wanted = bits & CAUSES;
        if (model.express() && wires.separateMessages()) {
            raiseSeparately(wanted | ((wanted & OTHERS) != 0 ? OTHER : 0));
            return;
        }
        boolean more = (wanted & mask & ~causes) != 0;
        causes |= wanted;
        if (more) {
            vectors |= 1;
        }
    }

    private void raiseSeparately(int wanted) {
        causes |= wanted;
        for (int n = 0; n < VECTORS; n++) {
            int cause = RXQ0 << n;
            int entry = allocation >>> 4 * n;
            if ((wanted & mask & cause) == 0 || (entry & VALID) == 0) {
                continue;
            }
            vectors |= 1 << Math.min(entry & 7, VECTORS - 1);
            int cleared = cause & autoClear;
            causes &= ~cleared;
            if ((controlExtended & CTRL_EXT_IAME) == 0) {
                mask &= ~cleared;
            }
        }
    }

    /// Reads ICR, which clears it unless the driver asked for something else.
    int readCauses() {
        int pending = causes & mask;
        int value = causes | (pending != 0 ? INT_ASSERTED : 0);
        if (!model.express()) {
            causes = 0;
        } else if (mask == 0 || pending != 0) {
            if ((controlExtended & CTRL_EXT_IAME) != 0) {
                mask &= ~autoMask;
            }
            causes = 0;
        }
        return value;
    }

    void clearCauses(int bits) {
        causes &= ~bits;
    }

    int mask() {
        return mask;
    }

    void unmask(int bits) {
        int added = bits & CAUSES & ~mask;
        mask |= added;
        int due = causes & added;
        if (due != 0) {
            causes &= ~due;
            raise(due);
        }
    }

    void mask(int bits) {
        mask &= ~bits;
    }

    int autoClear() {
        return autoClear;
    }

    void autoClear(int bits) {
        autoClear = bits & QUEUE_CAUSES;
    }

    int autoMask() {
        return autoMask;
    }

    void autoMask(int bits) {
        autoMask = bits & CAUSES;
    }

    int allocation() {
        return allocation;
    }

    void allocation(int value) {
        allocation = value;
    }

    int controlExtended() {
        return controlExtended;
    }

    void controlExtended(int value) {
        controlExtended = value;
    }

    int interval(int vector) {
        return intervals[vector];
    }

    /// The shortest time between two interrupts of a vector, in units of 256 ns. ITR is vector 0's.
    void interval(int vector, int value) {
        intervals[vector] = value & 0xffff;
    }

    // ---- towards the processor ----

    /// Drives the pin, or sends what messages are due. Looks again after driving: of two threads, the last to drive
    /// leaves the right level.
    void deliver() {
        if (wires.messages()) {
            wires.line(false);
            int due = takeDue();
            for (int vector = 0; due != 0; vector++, due >>>= 1) {
                if ((due & 1) != 0) {
                    wires.message(vector);
                }
            }
            return;
        }
        boolean level;
        do {
            level = level();
            wires.line(level);
        } while (level != level());
    }

    private boolean level() {
        synchronized (lock) {
            vectors = 0;
            boolean wanted = (causes & mask) != 0;
            if (wanted && !asserted && !mayInterrupt(0)) {
                return false;
            }
            asserted = wanted;
            return wanted;
        }
    }

    private int takeDue() {
        synchronized (lock) {
            int due = 0;
            for (int vector = 0; vector < VECTORS; vector++) {
                if ((vectors >>> vector & 1) != 0 && mayInterrupt(vector)) {
                    due |= 1 << vector;
                }
            }
            vectors &= ~due;
            return due;
        }
    }

    /// Whether a vector's time has come; if not, it will be looked at again.
    private boolean mayInterrupt(int vector) {
        long now = clock.nanos();
        if (now < notBefore[vector]) {
            timer.arm(notBefore[vector]);
            return false;
        }
        notBefore[vector] = now + intervals[vector] * THROTTLE_NANOS;
        return true;
    }

    // ---- life ----

    void reset() {
        Arrays.fill(intervals, 0);
        Arrays.fill(notBefore, 0);
        causes = 0;
        mask = 0;
        autoClear = 0;
        autoMask = 0;
        allocation = 0;
        controlExtended = 0;
        vectors = 0;
        asserted = false;
        timer.cancel();
    }

    State save() {
        return new State(causes, mask, autoClear, autoMask, allocation, controlExtended, intervals, vectors,
                notBefore, asserted);
    }

    /// [#deliver] must follow, without the lock.
    void load(State state) {
        causes = state.causes;
        mask = state.mask;
        autoClear = state.autoClear;
        autoMask = state.autoMask;
        allocation = state.allocation;
        controlExtended = state.controlExtended;
        System.arraycopy(state.intervals, 0, intervals, 0, VECTORS);
        System.arraycopy(state.notBefore, 0, notBefore, 0, VECTORS);
        vectors = state.vectors;
        asserted = state.asserted;
    }
}
