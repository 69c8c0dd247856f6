// SPDX-License-Identifier: Apache-2.0
package org.javisor.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.javisor.memory.InterruptLine;
import org.javisor.memory.TickLine;
import org.junit.jupiter.api.Test;

/// Beside the manual clock, which the storey of [TickLine] cannot see.
class TickLineTest {
    private final ManualClock clock = new ManualClock();
    private int edges;
    private boolean waiting;
    private final TickLine ticks = new TickLine(clock, new InterruptLine() {
        @Override
        public void set(boolean level) {
            edges += level ? 1 : 0;
        }

        @Override
        public boolean pending() {
            return waiting;
        }
    });

    @Test
    void aTickIsAnEdge() {
        ticks.tick(1);

        assertEquals(1, edges);
        assertEquals(Long.MAX_VALUE, clock.nextDeadline());
    }

    @Test
    void aTickThatWouldBeLostComesWhenThereIsRoom() {
        waiting = true;
        ticks.tick(1);
        clock.advance(10_000_000);
        assertEquals(0, edges);

        waiting = false;
        clock.advance(1_000_000);

        assertEquals(1, edges);
        assertEquals(Long.MAX_VALUE, clock.nextDeadline());
    }

    @Test
    void ticksThatTheHostMissedComeOneByOne() {
        ticks.tick(3);
        assertEquals(1, edges);

        clock.advance(500_000);
        assertEquals(2, edges);
        clock.advance(500_000);
        assertEquals(3, edges);
        clock.advance(10_000_000);

        assertEquals(3, edges);
    }

    @Test
    void aBacklogIsForgottenWithItsTimer() {
        waiting = true;
        ticks.tick(5);

        ticks.forget();
        waiting = false;
        clock.advance(10_000_000);

        assertEquals(0, edges);
    }

    @Test
    void theBacklogIsLimited() {
        waiting = true;
        for (int i = 0; i < 10; i++) {
            ticks.tick(TickLine.LIMIT);
        }
        waiting = false;

        clock.advance(10_000_000_000L);

        assertEquals(TickLine.LIMIT, edges);
    }
}
