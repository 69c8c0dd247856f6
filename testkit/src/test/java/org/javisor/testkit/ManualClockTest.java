// SPDX-License-Identifier: Apache-2.0
package org.javisor.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.javisor.memory.Clock;
import org.junit.jupiter.api.Test;

class ManualClockTest {
    private final ManualClock clock = new ManualClock(1_000);
    private final List<Long> expiries = new ArrayList<>();

    @Test
    void timePassesOnlyWhenAdvanced() {
        clock.advance(5);
        clock.advanceTo(3);

        assertEquals(5, clock.nanos());
        assertEquals(1_005, clock.wallNanos());
    }

    @Test
    void timersExpireInOrderWithTheClockAtTheirDeadline() {
        clock.timer(() -> expiries.add(clock.nanos())).arm(20);
        clock.timer(() -> expiries.add(clock.nanos())).arm(10);

        clock.advance(30);

        assertEquals(List.of(10L, 20L), expiries);
        assertEquals(30, clock.nanos());
    }

    @Test
    void aTimerMayArmItselfAgainWhileTimePasses() {
        Clock.Timer[] timer = new Clock.Timer[1];
        timer[0] = clock.timer(() -> {
            expiries.add(clock.nanos());
            timer[0].arm(clock.nanos() + 10);
        });
        timer[0].arm(10);

        clock.advance(35);

        assertEquals(List.of(10L, 20L, 30L), expiries);
        assertEquals(40, clock.nextDeadline());
    }

    @Test
    void aDeadlineInThePastExpiresAtTheNextAdvance() {
        clock.advance(50);
        clock.timer(() -> expiries.add(clock.nanos())).arm(10);
        assertEquals(List.of(), expiries);

        clock.advance(0);

        assertEquals(List.of(50L), expiries);
    }

    @Test
    void aCancelledTimerDoesNotExpire() {
        Clock.Timer timer = clock.timer(() -> expiries.add(clock.nanos()));
        timer.arm(10);
        timer.cancel();

        clock.advance(20);

        assertEquals(List.of(), expiries);
        assertEquals(Long.MAX_VALUE, clock.nextDeadline());
    }
}
