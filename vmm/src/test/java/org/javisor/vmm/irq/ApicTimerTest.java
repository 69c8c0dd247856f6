// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.javisor.memory.Clock;
import org.javisor.testkit.ManualClock;
import org.junit.jupiter.api.Test;

class ApicTimerTest {
    private static final int BY_ONE = 0xb, BY_TWO = 0, BY_SIXTEEN = 3, BY_128 = 0xa;

    private final ManualClock clock = new ManualClock();
    private final FakePins processor = new FakePins(clock);
    private final List<Long> expiries = new ArrayList<>();
    private final ApicTimer timer = new ApicTimer(clock, processor, () -> expiries.add(clock.nanos()));

    @Test
    void oneShotExpiresOnceAfterItsCount() {
        timer.divide(BY_ONE);
        timer.initialCount(40_000);

        clock.advance(1_000_000);

        assertEquals(List.of(40_000L), expiries);
        assertEquals(0, timer.currentCount());
        assertEquals(40_000, timer.initialCount());
    }

    @Test
    void theDividerSlowsTheCount() {
        timer.divide(BY_TWO);
        timer.initialCount(40_000);
        clock.advance(10_000_000);
        timer.divide(BY_SIXTEEN);
        timer.initialCount(40_000);
        clock.advance(10_000_000);
        timer.divide(BY_128);
        timer.initialCount(40_000);
        clock.advance(10_000_000);

        assertEquals(List.of(80_000L, 10_640_000L, 25_120_000L), expiries);
    }

    @Test
    void theCurrentCountFallsWithTime() {
        timer.divide(BY_ONE);
        timer.initialCount(40_000);
        assertEquals(40_000, timer.currentCount());

        clock.advance(400);

        assertEquals(39_600, timer.currentCount());
    }

    @Test
    void countsAreUnsigned() {
        timer.divide(BY_ONE);
        timer.initialCount(-1);
        clock.advance(1);

        assertEquals(-2, timer.currentCount());
        assertEquals(0xffff_ffffL, clock.nextDeadline());
    }

    @Test
    void periodicExpiresAgainAndAgain() {
        timer.mode(ApicLayout.PERIODIC);
        timer.divide(BY_ONE);
        timer.initialCount(40_000);

        clock.advance(130_000);

        assertEquals(List.of(40_000L, 80_000L, 120_000L), expiries);
        assertEquals(30_000, timer.currentCount());
    }

    @Test
    void writingTheCountStartsAnew() {
        timer.divide(BY_ONE);
        timer.initialCount(40_000);
        clock.advance(30_000);
        timer.initialCount(40_000);

        clock.advance(100_000);

        assertEquals(List.of(70_000L), expiries);
    }

    @Test
    void aCountOfZeroStopsTheTimer() {
        timer.mode(ApicLayout.PERIODIC);
        timer.initialCount(40_000);
        timer.initialCount(0);

        clock.advance(1_000_000);

        assertEquals(List.of(), expiries);
        assertEquals(0, timer.currentCount());
    }

    @Test
    void aPeriodTooShortForAHostIsServedLessOften() {
        timer.mode(ApicLayout.PERIODIC);
        timer.divide(BY_ONE);
        timer.initialCount(1);

        clock.advance(1_000_000);

        assertTrue(expiries.size() <= 50, expiries.size() + " expiries");
        assertTrue(expiries.size() >= 45);
        assertTrue(timer.currentCount() <= 1);
    }

    @Test
    void changingTheDividerKeepsTheCount() {
        timer.divide(BY_ONE);
        timer.initialCount(40_000);
        clock.advance(20_000);

        timer.divide(BY_TWO);

        assertEquals(20_000, timer.currentCount());
        clock.advance(1_000_000);
        assertEquals(List.of(60_000L), expiries);
    }

    @Test
    void theDeadlineIsATimeOfTheProcessorsCounter() {
        processor.tscOffset = 5_000;
        timer.mode(ApicLayout.TSC_DEADLINE);

        timer.tscDeadline(12_000);

        assertEquals(12_000, timer.tscDeadline());
        clock.advance(1_000_000);
        assertEquals(List.of(7_000L), expiries);
        assertEquals(0, timer.tscDeadline());
    }

    @Test
    void aDeadlineThatHasPassedExpiresAtOnce() {
        clock.advance(1_000);
        timer.mode(ApicLayout.TSC_DEADLINE);

        timer.tscDeadline(500);

        assertEquals(List.of(1_000L), expiries);
        assertEquals(0, timer.tscDeadline());
    }

    @Test
    void aDeadlineAgesAwayNeverExpires() {
        timer.mode(ApicLayout.TSC_DEADLINE);

        timer.tscDeadline(-1);
        clock.advance(1_000_000);

        assertEquals(List.of(), expiries);
        assertEquals(-1, timer.tscDeadline());
    }

    @Test
    void aDeadlineOfZeroDisarms() {
        timer.mode(ApicLayout.TSC_DEADLINE);
        timer.tscDeadline(5_000);
        timer.tscDeadline(0);

        clock.advance(1_000_000);

        assertEquals(List.of(), expiries);
    }

    @Test
    void aDeadlineMovesWhenTheCounterIsSet() {
        timer.mode(ApicLayout.TSC_DEADLINE);
        timer.tscDeadline(10_000);

        processor.tscOffset = 4_000;
        timer.tscChanged();

        clock.advance(1_000_000);
        assertEquals(List.of(6_000L), expiries);
    }

    @Test
    void deadlinesAndCountsIgnoreEachOther() {
        timer.tscDeadline(5_000);
        assertEquals(0, timer.tscDeadline());
        timer.mode(ApicLayout.TSC_DEADLINE);
        timer.initialCount(40_000);

        assertEquals(0, timer.initialCount());
        clock.advance(1_000_000);
        assertEquals(List.of(), expiries);
    }

    @Test
    void changingToDeadlineModeDisarms() {
        timer.initialCount(40_000);

        timer.mode(ApicLayout.TSC_DEADLINE);

        clock.advance(1_000_000);
        assertEquals(List.of(), expiries);
    }

    @Test
    void changingFromOneShotToPeriodicGoesOn() {
        timer.divide(BY_ONE);
        timer.initialCount(40_000);
        clock.advance(10_000);

        timer.mode(ApicLayout.PERIODIC);

        clock.advance(80_000);
        assertEquals(List.of(40_000L, 80_000L), expiries);
    }

    /// A clock whose timers are late for ever.
    private final class LateClock implements Clock {
        @Override
        public long nanos() {
            return clock.nanos();
        }

        @Override
        public long wallNanos() {
            return clock.wallNanos();
        }

        @Override
        public Timer timer(Runnable onExpiry) {
            return new ManualClock().timer(onExpiry);
        }
    }

    @Test
    void anExpiryThatTheHostIsLateForComesBeforeTheNextChange() {
        ApicTimer late = new ApicTimer(new LateClock(), processor, () -> expiries.add(clock.nanos()));
        late.divide(BY_ONE);
        late.initialCount(40_000);
        clock.advance(50_000);
        assertEquals(0, late.currentCount());

        late.mode(ApicLayout.PERIODIC);

        assertEquals(List.of(50_000L), expiries);
        assertEquals(0, late.currentCount());
    }

    @Test
    void stateSurvivesARoundTrip() {
        timer.mode(ApicLayout.PERIODIC);
        timer.divide(BY_ONE);
        timer.initialCount(40_000);
        clock.advance(10_000);
        ApicTimer.State saved = timer.save();
        timer.reset();

        timer.restore(saved);

        assertEquals(saved, timer.save());
        clock.advance(40_000);
        assertEquals(List.of(40_000L), expiries);
    }
}
