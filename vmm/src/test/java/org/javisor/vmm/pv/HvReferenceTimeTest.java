// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HvReferenceTimeTest {
    private static final int COUNT = HvProcessor.TIME_REF_COUNT, PAGE = HvProcessor.REFERENCE_TSC;
    private static final long AREA = 0x2000;

    private final HvRig rig = new HvRig();

    @AfterEach
    void close() {
        rig.close();
    }

    private int sequence() {
        return rig.memory().loadInt(AREA);
    }

    /// What a guest makes of its counter.
    private long guestTime(FakeMachine processor) {
        long tsc = processor.tscOf(rig.it.tscAt(rig.clock().nanos()));
        return Math.unsignedMultiplyHigh(tsc, rig.memory().loadLong(AREA + 8)) + rig.memory().loadLong(AREA + 16);
    }

    private void setCounters(int khz, long offset) {
        for (FakeMachine each : new FakeMachine[] {rig.it, rig.secondProcessor()}) {
            each.tscKhz = khz;
            each.tscOffset = offset;
        }
        rig.processor.tscChanged();
        rig.other.tscChanged();
    }

    @Test
    void theCounterCountsHundredsOfNanoseconds() {
        assertEquals(0, rig.read(COUNT));
        rig.clock().advance(12_345_678_900L);
        assertEquals(123_456_789, rig.read(COUNT));
        assertFalse(rig.write(COUNT, 0));
    }

    @Test
    void pageAndCounterAlwaysAgree() {
        SplittableRandom random = Seeds.random("HvReferenceTimeTest");
        rig.write(PAGE, AREA | 1);
        assertEquals(1, sequence());
        for (int n = 0; n < 10_000; n++) {
            rig.clock().advance(random.nextLong(1L << random.nextInt(1, 45)));
            assertEquals(rig.read(COUNT), guestTime(rig.it));
        }
        assertEquals(AREA | 1, rig.read(PAGE));
    }

    @Test
    void timeNeverGoesBackwardWhateverCountersDo() {
        SplittableRandom random = Seeds.random("HvReferenceTimeTest, counters");
        int[] speeds = {1_000_000, 2_400_000, 333_333, 12_000, 100_000_000};
        long last = 0;
        for (int n = 0; n < 10_000; n++) {
            switch (random.nextInt(6)) {
                case 0 -> setCounters(speeds[random.nextInt(speeds.length)], random.nextLong(1L << 50));
                case 1 -> rig.write(PAGE, AREA | random.nextInt(2));
                default -> rig.clock().advance(random.nextLong(1000));
            }
            long now = rig.read(COUNT);
            assertTrue(now >= last, now + " after " + last);
            assertTrue(now - last < 20 + 1, "nor does it leap");
            last = now;
        }
    }

    @Test
    void aGuestThatSetsAllItsCountersKeepsItsPage() {
        rig.write(PAGE, AREA | 1);
        int before = sequence();
        rig.it.tscOffset = 1L << 40;
        rig.processor.tscChanged();
        assertEquals(0, sequence(), "counters differ");

        rig.secondProcessor().tscOffset = 1L << 40;
        rig.other.tscChanged();

        assertNotEquals(0, sequence());
        assertNotEquals(before, sequence());
        rig.clock().advance(123_456);
        assertEquals(rig.read(COUNT), guestTime(rig.it));
    }

    @Test
    void countersOfAnotherSpeedHaveAnotherScale() {
        setCounters(2_500_000, 77);
        rig.write(PAGE, AREA | 1);
        for (int n = 0; n < 100; n++) {
            rig.clock().advance(1_000_000_007);
            assertEquals(rig.read(COUNT), guestTime(rig.it), 1);
        }
        assertEquals(2_500_000_000L, rig.read(HvProcessor.TSC_FREQUENCY));
    }

    @Test
    void whatThePageCannotTellTheCounterDoes() {
        rig.write(PAGE, AREA | 1);
        setCounters(5_000, 0);
        assertEquals(0, sequence(), "too slow for the scale's 64 bits");
        setCounters(1_000_000, -1L);
        assertEquals(0, sequence(), "will wrap");
        long before = rig.read(COUNT);
        rig.clock().advance(1000);
        assertEquals(before + 10, rig.read(COUNT));
    }

    @Test
    void aPageOutsideMemoryIsNone() {
        assertTrue(rig.write(PAGE, 0x7fff_ffff_f001L));
        assertTrue(rig.write(PAGE, -1));
        assertTrue(rig.write(PAGE, FakeMachine.RAM_BYTES | 1));
        rig.clock().advance(1000);
        assertEquals(10, rig.read(COUNT));
    }

    @Test
    void aRestoredPartitionGoesOnWhereItWas() {
        rig.clock().advance(5_000_000_000L);
        rig.write(PAGE, AREA | 1);
        long then = rig.read(COUNT);
        int sequence = sequence();
        HvPartition.State saved = rig.partition.save();
        try (HvRig later = new HvRig()) {
            later.clock().advance(777);
            later.memory().storeInt(AREA, sequence);

            later.partition.load(saved);

            assertEquals(then, later.read(COUNT));
            assertEquals(sequence + 1, later.memory().loadInt(AREA));
            later.clock().advance(1_000_000);
            assertEquals(then + 10_000, later.read(COUNT));
        }
    }

    @Test
    void resetForgetsThePageAndKeepsTheTime() {
        rig.write(PAGE, AREA | 1);
        rig.clock().advance(1_000_000);
        long then = rig.read(COUNT);

        rig.partition.reset();

        assertEquals(then, rig.read(COUNT));
        assertEquals(0, rig.read(PAGE));
    }
}
