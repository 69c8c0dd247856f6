// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.javisor.memory.IoBus;
import org.javisor.testkit.ManualClock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class I8254Test {
    private static final int CONTROL = 0x43, PORT_B = 0x61;

    private final ManualClock clock = new ManualClock();
    private final IoBus ports = new IoBus("port", 0xffff);
    private final List<Long> rises = new ArrayList<>();
    private final I8254 pit = new I8254(clock, level -> {
        if (level) {
            rises.add(I8254.ticks(clock.nanos()));
        }
    });

    @BeforeEach
    void attach() {
        pit.attach(ports);
    }

    private void out(int port, int value) {
        ports.write(port, 1, value);
    }

    private int in(int port) {
        return (int) ports.read(port, 1);
    }

    /// Programs a channel with both bytes of a count.
    private void program(int channel, int mode, int count) {
        out(CONTROL, channel << 6 | 0x30 | mode << 1);
        out(0x40 + channel, count & 0xff);
        out(0x40 + channel, count >> 8);
    }

    private void toTick(long tick) {
        clock.advanceTo(I8254.nanos(tick));
    }

    private int count(int channel) {
        out(CONTROL, channel << 6);
        int low = in(0x40 + channel);
        return low | in(0x40 + channel) << 8;
    }

    private boolean out2() {
        return (in(PORT_B) & 0x20) != 0;
    }

    @Test
    void ticksAndNanosecondsAgree() {
        for (long tick : new long[] {0, 1, 2, 1000, 1_193_182, 123_456_789_012L}) {
            long nanos = I8254.nanos(tick);

            assertEquals(tick, I8254.ticks(nanos));
            assertTrue(tick == 0 || I8254.ticks(nanos - 1) < tick);
        }
    }

    @Test
    void modeZeroInterruptsOnceAtTerminalCount() {
        program(0, 0, 100);

        toTick(100);
        assertEquals(List.of(), rises);
        toTick(1000);

        assertEquals(List.of(101L), rises);
    }

    @Test
    void modeZeroGoesOnCountingBelowZero() {
        program(0, 0, 100);

        toTick(111);

        assertEquals(0x10000 - 10, count(0));
    }

    @Test
    void inModeZeroTheFirstOfTwoBytesStopsTheCount() {
        program(0, 0, 100);
        toTick(50);
        out(0x40, 10);
        toTick(500);
        assertEquals(List.of(), rises);

        out(0x40, 0);

        toTick(600);
        assertEquals(List.of(511L), rises);
    }

    @Test
    void modeTwoInterruptsEveryPeriod() {
        program(0, 2, 1000);

        toTick(3001);

        assertEquals(List.of(1001L, 2001L, 3001L), rises);
    }

    @Test
    void aNewCountOfModeTwoWaitsForTheEndOfThePeriod() {
        program(0, 2, 1000);
        toTick(1500);
        out(0x40, 200);
        out(0x40, 0);

        toTick(2401);

        assertEquals(List.of(1001L, 2001L, 2201L, 2401L), rises);
    }

    @Test
    void aCountOfZeroIsTheLargest() {
        program(0, 2, 0);

        toTick(0x10001);

        assertEquals(List.of(0x10001L), rises);
    }

    @Test
    void modeThreeIsASquareWave() {
        program(2, 3, 100);
        out(PORT_B, 1);

        toTick(1 + 49);
        assertTrue(out2());
        toTick(1 + 50);
        assertFalse(out2());
        toTick(1 + 99);
        assertFalse(out2());
        toTick(1 + 100);
        assertTrue(out2());
    }

    @Test
    void modeThreeCountsDownByTwo() {
        program(0, 3, 100);

        toTick(1 + 10);
        assertEquals(80, count(0));
        toTick(1 + 60);

        assertEquals(80, count(0));
    }

    @Test
    void anOddSquareWaveIsHighOneTickLonger() {
        program(2, 3, 5);
        out(PORT_B, 1);
        StringBuilder wave = new StringBuilder();

        for (int tick = 1; tick <= 10; tick++) {
            toTick(tick);
            wave.append(out2() ? '1' : '0');
        }

        assertEquals("1110011100", wave.toString());
    }

    @Test
    void aNewCountOfModeThreeWaitsForTheHalfPeriod() {
        program(2, 3, 100);
        out(PORT_B, 1);
        toTick(10);
        out(0x42, 20);
        out(0x42, 0);

        toTick(1 + 50);
        assertFalse(out2());
        toTick(1 + 60);
        assertTrue(out2());
        toTick(1 + 70);
        assertFalse(out2());
    }

    @Test
    void modeFourStrobesForOneTick() {
        program(2, 4, 10);
        out(PORT_B, 1);
        assertTrue(out2());

        toTick(1 + 10);
        assertFalse(out2());
        toTick(1 + 11);

        assertTrue(out2());
    }

    @Test
    void modeOneIsStartedByTheGate() {
        program(2, 1, 10);
        toTick(100);
        assertTrue(out2());

        out(PORT_B, 1);

        toTick(101);
        assertFalse(out2());
        toTick(110);
        assertFalse(out2());
        toTick(111);
        assertTrue(out2());
    }

    @Test
    void modeOneCanBeRetriggered() {
        program(2, 1, 10);
        out(PORT_B, 1);
        toTick(8);
        out(PORT_B, 0);
        out(PORT_B, 1);

        toTick(18);
        assertFalse(out2());
        toTick(19);

        assertTrue(out2());
    }

    @Test
    void modeFiveStrobesAfterTheGateRises() {
        program(2, 5, 10);
        toTick(50);
        out(PORT_B, 1);

        toTick(60);
        assertTrue(out2());
        toTick(61);
        assertFalse(out2());
        toTick(62);

        assertTrue(out2());
    }

    @Test
    void aLowGateStopsModeZeroWithoutLosingTheCount() {
        out(PORT_B, 1);
        program(2, 0, 100);
        toTick(41);
        out(PORT_B, 0);
        toTick(500);
        assertEquals(60, count(2));

        out(PORT_B, 1);

        toTick(559);
        assertFalse(out2());
        toTick(560);
        assertTrue(out2());
    }

    @Test
    void aLowGateOfModeThreeHoldsTheOutputHigh() {
        program(2, 3, 100);
        out(PORT_B, 1);
        toTick(1 + 60);
        assertFalse(out2());

        out(PORT_B, 0);

        assertTrue(out2());
    }

    @Test
    void theLatchHoldsWhileTheCountGoesOn() {
        program(0, 2, 1000);
        toTick(1 + 100);
        out(CONTROL, 0);
        toTick(1 + 200);

        assertEquals(900 & 0xff, in(0x40));
        assertEquals(900 >> 8, in(0x40));
        assertEquals(800 & 0xff, in(0x40));
    }

    @Test
    void aSecondLatchCommandIsIgnoredUntilTheFirstIsRead() {
        program(0, 2, 1000);
        toTick(1 + 100);
        out(CONTROL, 0);
        toTick(1 + 200);

        assertEquals(900, count(0));
    }

    @Test
    void readBackLatchesStatusBeforeCount() {
        program(0, 2, 1000);
        toTick(1 + 100);

        out(CONTROL, 0xc2);

        assertEquals(0x80 | 0x34, in(0x40));
        assertEquals(900 & 0xff, in(0x40));
        assertEquals(900 >> 8, in(0x40));
    }

    @Test
    void statusSaysWhetherACountIsStillToBeLoaded() {
        program(0, 2, 1000);
        toTick(100);
        out(0x40, 1);
        out(0x40, 1);

        out(CONTROL, 0xe2);
        assertEquals(0x40, in(0x40) & 0x40);
        toTick(1 + 1000);

        out(CONTROL, 0xe2);
        assertEquals(0, in(0x40) & 0x40);
    }

    @Test
    void bcdCountsInDecimal() {
        out(CONTROL, 0x35);
        out(0x40, 0x00);
        out(0x40, 0x10);

        toTick(1 + 1);

        assertEquals(0x0999, count(0));
    }

    @Test
    void oneByteAccessLeavesTheOtherByteZero() {
        out(CONTROL, 0x24);
        out(0x40, 0x02);

        toTick(1);

        assertEquals(0x02, in(0x40));
        toTick(1 + 0x200);
        assertEquals(List.of(0x201L), rises);
    }

    @Test
    void theRefreshBitToggles() {
        int before = in(PORT_B) & 0x10;

        toTick(18);

        assertEquals(before ^ 0x10, in(PORT_B) & 0x10);
    }

    @Test
    void theSpeakerSoundsWhenGateAndDataAreOn() {
        program(2, 3, 1193);
        assertEquals(0, pit.tone());

        out(PORT_B, 3);

        assertEquals(1000, pit.tone());
    }

    @Test
    void aListenerHearsEveryOtherToneOnce() {
        List<String> heard = new ArrayList<>();
        pit.onTone((nanos, hertz) -> heard.add(nanos + ": " + hertz));
        program(2, 3, 1193);

        clock.advanceTo(1000);
        out(PORT_B, 3);
        out(PORT_B, 3);
        clock.advanceTo(2000);
        program(2, 3, 2386);
        clock.advanceTo(3000);
        out(PORT_B, 1);
        pit.reset();

        assertEquals(List.of("1000: 1000", "2000: 0", "2000: 500", "3000: 0"), heard);
    }

    @Test
    void aCountThatIsWrittenWhileTheSpeakerSoundsIsHeard() {
        List<Integer> heard = new ArrayList<>();
        pit.onTone((_, hertz) -> heard.add(hertz));
        program(2, 3, 1193);
        out(PORT_B, 3);
        clock.advanceTo(100);

        out(0x42, 2386 & 0xff);
        out(0x42, 2386 >> 8);
        clock.advanceTo(5_000_000);
        out(PORT_B, 3);

        assertEquals(List.of(1000, 500), heard);
    }

    @Test
    void shortPeriodsCannotKeepTheHostBusy() {
        program(0, 2, 2);

        toTick(24_000);

        assertTrue(rises.size() <= 1001, rises.size() + " interrupts");
        assertTrue(rises.size() >= 900);
    }

    @Test
    void resetStopsEverything() {
        program(0, 2, 100);

        pit.reset();

        toTick(1000);
        assertEquals(List.of(), rises);
        assertEquals(Long.MAX_VALUE, clock.nextDeadline());
    }

    @Test
    void stateSurvivesARoundTrip() {
        program(0, 2, 1000);
        program(2, 0, 5000);
        out(PORT_B, 1);
        toTick(1500);
        out(CONTROL, 0xc4);
        I8254.State saved = pit.save();
        pit.reset();

        pit.restore(saved);

        assertEquals(saved, pit.save());
        rises.clear();
        toTick(2001);
        assertEquals(List.of(2001L), rises);
    }

    @Test
    void aRestoredPitWithAVeryShortPeriodTicksAtTheSameTicks() {
        program(0, 2, 3);
        toTick(1500);
        I8254.State saved = pit.save();
        long at = clock.nanos();
        rises.clear();
        toTick(1600);
        List<Long> expected = List.copyOf(rises);
        rises.clear();
        ManualClock later = new ManualClock();
        later.advanceTo(at);
        List<Long> seen = new ArrayList<>();
        I8254 twin = new I8254(later, level -> {
            if (level) {
                seen.add(I8254.ticks(later.nanos()));
            }
        });

        twin.restore(saved);
        later.advanceTo(I8254.nanos(1600));

        assertEquals(expected, seen);
        assertFalse(expected.isEmpty());
    }

    @Test
    void nothingAGuestDoesThrows() {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("I8254Test seed " + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 200_000; i++) {
            int port = random.nextInt(8) == 0 ? PORT_B : 0x40 + random.nextInt(4);
            int size = 1 << random.nextInt(3);
            if (random.nextBoolean()) {
                ports.write(port, size, random.nextInt());
            } else {
                ports.read(port, size);
            }
            if (random.nextInt(16) == 0) {
                clock.advance(random.nextInt(100_000));
            }
            assertEquals(pit.save(), pit.save());
        }
    }
}
