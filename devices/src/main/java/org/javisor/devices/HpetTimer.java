// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.javisor.devices.HpetLayout.TN_32MODE_CNF;
import static org.javisor.devices.HpetLayout.TN_FSB_EN_CNF;
import static org.javisor.devices.HpetLayout.TN_INT_ENB_CNF;
import static org.javisor.devices.HpetLayout.TN_INT_ROUTE_MASK;
import static org.javisor.devices.HpetLayout.TN_INT_ROUTE_SHIFT;
import static org.javisor.devices.HpetLayout.TN_INT_TYPE_CNF;
import static org.javisor.devices.HpetLayout.TN_TYPE_CNF;
import static org.javisor.devices.HpetLayout.TN_VAL_SET_CNF;
import static org.javisor.devices.HpetLayout.TN_WRITABLE;

/// One comparator of an [Hpet], guarded by its lock.
///
/// Times are in ticks of the main counter's source since power-on, whatever value the counter shows: a match
/// is at a tick.
final class HpetTimer {
    static final long NEVER = Long.MAX_VALUE;

    /// Matches that follow each other faster, at 20 microseconds, come together. Differs from the chip, whose owner
    /// cannot keep a host busy.
    private static final int SHORTEST_PERIOD = 2000;

    private final int routes;
    private int configuration;
    private long comparator = -1;
    private long period;
    private long fsbRoute;
    private boolean setsAccumulator;
    private long matchTick = NEVER;

    /// @param routes a one for each GSI that the timer can be routed to
    HpetTimer(int routes) {
        this.routes = routes;
        reset();
    }

    void reset() {
        configuration = 0;
        comparator = -1;
        period = 0;
        fsbRoute = 0;
        setsAccumulator = false;
        matchTick = NEVER;
    }

    // ---- registers ----

    int configuration() {
        return configuration;
    }

    void configuration(int written) {
        int value = written & TN_WRITABLE;
        if ((routes >>> (value >>> TN_INT_ROUTE_SHIFT & 31) & 1) == 0) {
            value = value & ~TN_INT_ROUTE_MASK | configuration & TN_INT_ROUTE_MASK;
        }
        configuration = value;
        setsAccumulator = (written & TN_VAL_SET_CNF) != 0;
        if (is(TN_32MODE_CNF)) {
            comparator &= 0xffff_ffffL;
            period &= 0xffff_ffffL;
        }
    }

    long comparator() {
        return comparator;
    }

    void comparator(long value, long mask) {
        if (!periodic() || setsAccumulator) {
            comparator = (comparator & ~mask | value) & width();
        }
        if (periodic()) {
            period = (period & ~mask | value) & width();
        }
        setsAccumulator = false;
    }

    long fsbRoute() {
        return fsbRoute;
    }

    void fsbRoute(long value) {
        fsbRoute = value;
    }

    private boolean is(int bit) {
        return (configuration & bit) != 0;
    }

    boolean periodic() {
        return is(TN_TYPE_CNF);
    }

    boolean level() {
        return is(TN_INT_TYPE_CNF);
    }

    boolean interrupts() {
        return is(TN_INT_ENB_CNF);
    }

    boolean fsb() {
        return is(TN_FSB_EN_CNF);
    }

    int route() {
        return (configuration & TN_INT_ROUTE_MASK) >>> TN_INT_ROUTE_SHIFT;
    }

    private long width() {
        return is(TN_32MODE_CNF) ? 0xffff_ffffL : -1L;
    }

    // ---- matches ----

    /// When the counter, which shows `counter` at `tick`, will next reach the comparator.
    void schedule(long tick, long counter) {
        long distance = comparator - counter & width();
        matchTick = distance < 0 || distance > NEVER - 1 - tick ? NEVER : tick + distance;
    }

    void halt() {
        matchTick = NEVER;
    }

    /// When somebody has to look for a match. It follows from the registers and the time alone, so that a timer that
    /// goes on from a saved state does so in step.
    long wakeTick() {
        boolean hasty = periodic() && period > 0 && period < SHORTEST_PERIOD;
        return hasty && matchTick < NEVER - SHORTEST_PERIOD
                ? Math.ceilDiv(matchTick, SHORTEST_PERIOD) * SHORTEST_PERIOD : matchTick;
    }

    /// Takes the matches up to `tick`, as one, and looks out for the next.
    ///
    /// @return whether there was any
    boolean match(long tick) {
        if (matchTick > tick) {
            return false;
        }
        if (periodic() && period > 0) {
            long times = (tick - matchTick) / period + 1;
            comparator = comparator + times * period & width();
            matchTick = matchTick > NEVER - times * period ? NEVER : matchTick + times * period;
        } else {
            // Without a period it matches again when the counter has gone round.
            matchTick = is(TN_32MODE_CNF) ? matchTick + (((tick - matchTick) >>> 32) + 1 << 32) : NEVER;
        }
        return true;
    }

    Hpet.TimerState save() {
        return new Hpet.TimerState(configuration, comparator, period, fsbRoute, setsAccumulator);
    }

    void load(Hpet.TimerState state) {
        configuration = state.configuration();
        comparator = state.comparator();
        period = state.period();
        fsbRoute = state.fsbRoute();
        setsAccumulator = state.setsAccumulator();
        matchTick = NEVER;
    }
}
