// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HvTimerTest {
    private static final int SINT = 2;
    private static final long ENABLE = 1, PERIODIC = 2, AUTO = 8, DIRECT = 1 << 12 | 0xec << 4, BY_MESSAGE = SINT << 16;
    private static final int TIMER_EXPIRED = 0x8000_0010;
    private static final String INTERRUPT = "interrupt 0 40ec";

    private final HvRig rig = new HvRig();

    @BeforeEach
    void enable() {
        rig.enableSynic();
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private void set(long count, long config) {
        rig.write(HvRig.COUNT0, count);
        rig.write(HvRig.CONFIG0, config);
    }

    private long now() {
        return rig.read(HvProcessor.TIME_REF_COUNT);
    }

    private void pass(long units) {
        rig.clock().advance(units * HvRig.UNIT);
    }

    private int expiries() {
        return rig.asked().size();
    }

    @Test
    void oneShotInterruptsAtItsTime() {
        set(now() + 100, ENABLE | DIRECT);
        pass(99);
        assertEquals(0, expiries());
        assertEquals(HvRig.UNIT, rig.processor.untilTimer());
        pass(1);
        assertEquals(List.of(INTERRUPT), rig.asked());
        assertEquals(DIRECT, rig.read(HvRig.CONFIG0), "no longer enabled");
        assertEquals(Long.MAX_VALUE, rig.processor.untilTimer());
        pass(10_000);
        assertEquals(0, expiries());
    }

    @Test
    void oneThatIsSetForThePastExpiresAtOnce() {
        pass(1000);
        set(5, ENABLE | DIRECT);
        assertEquals(1, expiries());
    }

    @Test
    void periodicGoesOn() {
        set(1000, ENABLE | PERIODIC | DIRECT);
        for (int n = 0; n < 10; n++) {
            pass(999);
            assertEquals(0, expiries());
            pass(1);
            assertEquals(1, expiries());
        }
        rig.write(HvRig.CONFIG0, 0);
        pass(10_000);
        assertEquals(0, expiries());
    }

    @Test
    void periodsThatNobodyCouldServeAreServedNowAndThen() {
        set(1, ENABLE | PERIODIC | DIRECT);
        pass(10_000);
        int times = expiries();
        assertTrue(times > 40 && times < 60, times + " expiries in a millisecond");
    }

    @Test
    void aMessageTellsWhichAndWhen() {
        pass(77);
        rig.write(HvRig.COUNT0 + 6, now() + 5);
        rig.write(HvRig.CONFIG0 + 6, ENABLE | BY_MESSAGE);
        long at = now() + 5;
        pass(5);
        assertEquals(TIMER_EXPIRED, rig.type(SINT));
        assertEquals(24, rig.memory().loadByte(HvRig.MESSAGES + 256 * SINT + 4));
        assertEquals(3, rig.payload(SINT, 0));
        assertEquals(at, rig.payload(SINT, 1));
        assertEquals(at, rig.payload(SINT, 2));
    }

    @Test
    void oneShotWaitsForItsSlot() {
        rig.partition.messagePort(0, SINT).post(new HvMessage(1, 0, new byte[0]));
        set(now() + 10, ENABLE | BY_MESSAGE);
        pass(100);
        assertEquals(1, rig.type(SINT));
        assertTrue(rig.pending(SINT));
        assertEquals(ENABLE | BY_MESSAGE, rig.read(HvRig.CONFIG0));

        rig.take(SINT);

        assertEquals(TIMER_EXPIRED, rig.type(SINT));
        assertEquals(now(), rig.payload(SINT, 2));
        assertEquals(BY_MESSAGE, rig.read(HvRig.CONFIG0));
    }

    @Test
    void periodicLeavesOutWhatFindsNoRoom() {
        set(1000, ENABLE | PERIODIC | BY_MESSAGE);
        pass(10_000);
        assertEquals(TIMER_EXPIRED, rig.type(SINT));
        assertEquals(1, rig.asked().size());
        rig.take(SINT);
        assertEquals(0, rig.type(SINT));
        pass(1000);
        assertEquals(TIMER_EXPIRED, rig.type(SINT));
    }

    @Test
    void autoEnableStartsWithTheCount() {
        rig.write(HvRig.CONFIG0, AUTO | DIRECT);
        pass(100);
        rig.write(HvRig.COUNT0, now() + 10);
        assertEquals(ENABLE | AUTO | DIRECT, rig.read(HvRig.CONFIG0));
        pass(10);
        assertEquals(1, expiries());
        rig.write(HvRig.COUNT0, now() + 10);
        pass(10);
        assertEquals(1, expiries());
    }

    @Test
    void whoRestoresACountEnablesNothing() {
        rig.it.owner = true;
        rig.write(HvRig.CONFIG0, AUTO | DIRECT);
        rig.write(HvRig.COUNT0, now() + 10);
        pass(100);
        assertEquals(0, expiries());
        assertEquals(AUTO | DIRECT, rig.read(HvRig.CONFIG0));
    }

    @Test
    void aCountOfZeroStopsIt() {
        set(now() + 10, ENABLE | DIRECT);
        rig.write(HvRig.COUNT0, 0);
        pass(100);
        assertEquals(0, expiries());
        assertEquals(DIRECT, rig.read(HvRig.CONFIG0));
    }

    @Test
    void messagesThroughSourceZeroAreNone() {
        set(now() + 10, ENABLE);
        assertEquals(0, rig.read(HvRig.CONFIG0));
    }

    @Test
    void oneThatIsFarAwayNeverComes() {
        set(-1, ENABLE | DIRECT);
        set(Long.MAX_VALUE, ENABLE | PERIODIC | DIRECT);
        pass(1_000_000_000);
        assertEquals(0, expiries());
    }

    @Test
    void aSavedTimerExpiresWhereItIsRestored() {
        set(now() + 1000, ENABLE | DIRECT);
        HvProcessor.State processor = rig.processor.save();
        HvPartition.State partition = rig.partition.save();
        try (HvRig later = new HvRig()) {
            later.clock().advance(123_400);
            later.partition.load(partition);
            later.processor.load(processor);
            later.asked();

            later.clock().advance(999 * HvRig.UNIT);
            assertEquals(List.of(), later.asked());
            later.clock().advance(HvRig.UNIT);
            assertEquals(List.of(INTERRUPT), later.asked());
        }
    }

    @Test
    void impossibleStatesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new HvTimer.State(0, 5, 9, false));
        assertThrows(IllegalArgumentException.class, () -> new HvTimer.State(ENABLE, 0, 9, false));
        assertThrows(IllegalArgumentException.class, () -> new HvTimer.State(PERIODIC, 5, 0, true));
        assertFalse(new HvTimer.State(ENABLE, 5, 9, true).equals(HvTimer.State.RESET));
    }
}
