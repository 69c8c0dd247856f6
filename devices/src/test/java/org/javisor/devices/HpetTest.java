// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.javisor.memory.InterruptLine;
import org.javisor.testkit.ManualClock;
import org.javisor.testkit.ProbeLine;
import org.junit.jupiter.api.Test;

class HpetTest {
    private static final int TIMER0 = HpetLayout.TIMERS, COMPARATOR0 = TIMER0 + HpetLayout.COMPARATOR;
    private static final int ROUTE_20 = 20 << HpetLayout.TN_INT_ROUTE_SHIFT;

    private final ManualClock clock = new ManualClock();
    private final ProbeLine[] gsis = IntStream.range(0, 24)
            .mapToObj(_ -> new ProbeLine())
            .toArray(ProbeLine[]::new);
    private final List<String> messages = new ArrayList<>();
    private final Hpet hpet = new Hpet(clock, n -> gsis[n],
            (address, data) -> messages.add(Long.toHexString(address) + ":" + data));

    private void enable(long configuration) {
        hpet.write(HpetLayout.CONFIGURATION, 8, configuration);
    }

    private void advanceTicks(long ticks) {
        clock.advance(ticks * Hpet.NANOS_PER_TICK);
    }

    @Test
    void saysWhatItIs() {
        long capabilities = hpet.read(HpetLayout.CAPABILITIES, 8);

        assertEquals(10_000_000, capabilities >>> 32);
        assertEquals(0x8086, capabilities >>> 16 & 0xffff);
        assertEquals(2, capabilities >>> 8 & 0x1f);
        assertEquals(capabilities >>> 32, hpet.read(HpetLayout.CAPABILITIES + 4, 4));
    }

    @Test
    void theCounterStandsStillUntilEnabledAndKeepsItsValueWhenHalted() {
        advanceTicks(100);
        assertEquals(0, hpet.read(HpetLayout.COUNTER, 8));
        enable(HpetLayout.ENABLE_CNF);
        advanceTicks(100);
        assertEquals(100, hpet.read(HpetLayout.COUNTER, 8));

        enable(0);
        advanceTicks(100);

        assertEquals(100, hpet.read(HpetLayout.COUNTER, 4) & 0xffff_ffffL);
    }

    @Test
    void theCounterCanBeSetInHalves() {
        hpet.write(HpetLayout.COUNTER, 4, 0x1234);
        hpet.write(HpetLayout.COUNTER + 4, 4, 0x5678);
        enable(HpetLayout.ENABLE_CNF);

        advanceTicks(1);

        assertEquals(0x5678_0000_1235L, hpet.read(HpetLayout.COUNTER, 8));
    }

    @Test
    void aOneShotTimerGivesOneEdgeOnItsRoute() {
        hpet.write(TIMER0, 8, ROUTE_20 | HpetLayout.TN_INT_ENB_CNF);
        hpet.write(COMPARATOR0, 8, 1000);
        enable(HpetLayout.ENABLE_CNF);

        advanceTicks(999);
        assertEquals(0, gsis[20].takeEdges());
        advanceTicks(1);
        assertEquals(1, gsis[20].takeEdges());
        advanceTicks(100_000);

        assertEquals(0, gsis[20].takeEdges());
        assertFalse(gsis[20].high());
    }

    @Test
    void aLevelTimerHoldsItsLineUntilTheStatusIsCleared() {
        hpet.write(TIMER0, 8, ROUTE_20 | HpetLayout.TN_INT_ENB_CNF | HpetLayout.TN_INT_TYPE_CNF);
        hpet.write(COMPARATOR0, 8, 1000);
        enable(HpetLayout.ENABLE_CNF);
        advanceTicks(1000);
        assertTrue(gsis[20].high());
        assertEquals(1, hpet.read(HpetLayout.STATUS, 8));

        hpet.write(HpetLayout.STATUS, 8, 1);

        assertFalse(gsis[20].high());
    }

    @Test
    void aPeriodicTimerTakesAccumulatorAndPeriodInTwoWrites() {
        enable(HpetLayout.ENABLE_CNF);
        hpet.write(TIMER0, 8,
                ROUTE_20 | HpetLayout.TN_INT_ENB_CNF | HpetLayout.TN_TYPE_CNF | HpetLayout.TN_VAL_SET_CNF);
        hpet.write(COMPARATOR0, 8, 5000);
        hpet.write(COMPARATOR0, 8, 10_000);

        advanceTicks(5000);
        assertEquals(1, gsis[20].takeEdges());
        advanceTicks(10_000 * 10);

        assertEquals(10, gsis[20].takeEdges());
        assertEquals(115_000, hpet.read(COMPARATOR0, 8));
    }

    @Test
    void a32BitTimerMatchesAgainWhenTheCounterHasGoneRound() {
        hpet.write(TIMER0, 8, ROUTE_20 | HpetLayout.TN_INT_ENB_CNF | HpetLayout.TN_32MODE_CNF);
        hpet.write(COMPARATOR0, 8, 0x7_0000_0010L);
        assertEquals(0x10, hpet.read(COMPARATOR0, 8));
        enable(HpetLayout.ENABLE_CNF);

        advanceTicks(0x10);
        assertEquals(1, gsis[20].takeEdges());
        advanceTicks(1L << 32);

        assertEquals(1, gsis[20].takeEdges());
    }

    @Test
    void aComparatorBehindA64BitCounterDoesNotMatch() {
        enable(HpetLayout.ENABLE_CNF);
        advanceTicks(2000);
        hpet.write(TIMER0, 8, ROUTE_20 | HpetLayout.TN_INT_ENB_CNF);

        hpet.write(COMPARATOR0, 8, 1000);
        advanceTicks(1L << 40);

        assertEquals(0, gsis[20].takeEdges());
        assertEquals(Long.MAX_VALUE, clock.nextDeadline());
    }

    @Test
    void messagesGoToTheAddressInTheRouteRegister() {
        hpet.write(TIMER0, 8, HpetLayout.TN_INT_ENB_CNF | HpetLayout.TN_FSB_EN_CNF);
        hpet.write(TIMER0 + HpetLayout.FSB_ROUTE, 8, 0xfee0_1000L << 32 | 0x31);
        hpet.write(COMPARATOR0, 8, 10);
        enable(HpetLayout.ENABLE_CNF);

        advanceTicks(10);

        assertEquals(List.of("fee01000:49"), messages);
    }

    @Test
    void legacyReplacementTakesTheInterruptsOfPitAndClock() {
        InterruptLine pit = hpet.pitInput();
        InterruptLine rtc = hpet.rtcInput();
        pit.set(true);
        assertTrue(gsis[0].high());
        hpet.write(TIMER0, 8, HpetLayout.TN_INT_ENB_CNF);
        hpet.write(COMPARATOR0, 8, 100);

        enable(HpetLayout.ENABLE_CNF | HpetLayout.LEG_RT_CNF);
        rtc.set(true);
        assertFalse(gsis[0].high());
        assertFalse(gsis[8].high());
        gsis[0].takeEdges();
        advanceTicks(100);

        assertEquals(1, gsis[0].takeEdges());
        enable(0);
        assertTrue(gsis[0].high());
        assertTrue(gsis[8].high());
    }

    @Test
    void aRouteThatATimerDoesNotHaveIsNotTaken() {
        hpet.write(TIMER0, 8, ROUTE_20);

        hpet.write(TIMER0, 8, 3 << HpetLayout.TN_INT_ROUTE_SHIFT);

        assertEquals(ROUTE_20, hpet.read(TIMER0, 8) & HpetLayout.TN_INT_ROUTE_MASK);
    }

    @Test
    void aPeriodOfOneTickDoesNotHoldTheHostUp() {
        enable(HpetLayout.ENABLE_CNF);
        hpet.write(TIMER0, 8, HpetLayout.TN_TYPE_CNF | HpetLayout.TN_VAL_SET_CNF);
        hpet.write(COMPARATOR0, 8, 1);

        advanceTicks(1L << 40);

        assertEquals((1L << 40) + 1, hpet.read(COMPARATOR0, 8));
    }

    @Test
    void shortPeriodsCannotKeepTheHostBusy() {
        hpet.write(TIMER0, 8, ROUTE_20 | HpetLayout.TN_INT_ENB_CNF | HpetLayout.TN_TYPE_CNF
                | HpetLayout.TN_VAL_SET_CNF);
        hpet.write(COMPARATOR0, 8, 1);
        enable(HpetLayout.ENABLE_CNF);

        advanceTicks(100_000);

        int edges = gsis[20].takeEdges();
        assertTrue(edges >= 49 && edges <= 51, edges + " interrupts in a millisecond");
    }
}
