// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KvmInterfaceTest {
    private static final int SYSTEM_TIME = 0x4b56_4d01, WALL_CLOCK = 0x4b56_4d00, STEAL_TIME = 0x4b56_4d03,
            LAZY_EOI = 0x4b56_4d04, ASYNC_FAULT = 0x4b56_4d02, OLD_WALL_CLOCK = 0x11, OLD_SYSTEM_TIME = 0x12;
    private static final long AREA = 0x2000;

    private final FakeMachine it = new FakeMachine();
    private final KvmProcessor processor = new KvmProcessor(it, it, new AtomicLong());
    private final KvmHypercalls calls = new KvmHypercalls(it, true);

    @AfterEach
    void close() {
        it.close();
    }

    private boolean write(int msr, long value) {
        return it.msrs().write(msr, value);
    }

    /// What a guest calculates from the structure, when its counter shows `tsc`.
    private long guestNanos(long tsc) {
        long delta = tsc - it.memory().loadLong(AREA + 8);
        int shift = it.memory().loadByte(AREA + 28);
        BigInteger shifted = BigInteger.valueOf(shift < 0 ? delta >>> -shift : delta << shift);
        BigInteger multiplier = BigInteger.valueOf(Integer.toUnsignedLong(it.memory().loadInt(AREA + 24)));
        return it.memory().loadLong(AREA + 16) + shifted.multiply(multiplier).shiftRight(32).longValueExact();
    }

    @Test
    void theClockFollowsTheMachines() {
        assertTrue(write(SYSTEM_TIME, AREA | 1));
        assertEquals(0, it.memory().loadInt(AREA) & 1, "not being changed");
        assertEquals(1, it.memory().loadByte(AREA + 29), "stable");

        for (long nanos : new long[] {0, 1, 999, 123_456_789, 3_600_000_000_000L}) {
            it.clock.advance(nanos);
            assertEquals(it.clock.nanos(), guestNanos(it.tscAt(it.clock.nanos())));
        }
    }

    @Test
    void aGuestThatSetsItsCounterKeepsItsTime() {
        write(SYSTEM_TIME, AREA | 1);
        int version = it.memory().loadInt(AREA);
        it.clock.advance(500);
        it.tscOffset = 1L << 40;

        processor.tscChanged();

        assertEquals(version + 2, it.memory().loadInt(AREA));
        assertEquals(it.clock.nanos(), guestNanos(it.tscAt(it.clock.nanos()) + it.tscOffset));
    }

    @Test
    void theClockSaysThatTheGuestWasStoppedUntilTheGuestTakesItBack() {
        int stableAndStopped = 3;
        assertFalse(processor.guestStopped(), "without a clock");
        write(SYSTEM_TIME, AREA | 1);
        int version = it.memory().loadInt(AREA);

        assertTrue(processor.guestStopped());
        assertEquals(stableAndStopped, it.memory().loadByte(AREA + 29));
        assertEquals(version + 2, it.memory().loadInt(AREA));

        processor.tscChanged();
        assertEquals(stableAndStopped, it.memory().loadByte(AREA + 29), "the clock has been written again");
        it.memory().storeByte(AREA + 29, (byte) 1);
        processor.tscChanged();
        assertEquals(1, it.memory().loadByte(AREA + 29));
    }

    @Test
    void aGuestThatPollsItselfForbidsIt() {
        int pollControl = 0x4b56_4d05;
        assertTrue(processor.allowsPolling(), "at first");

        assertTrue(write(pollControl, 0));
        assertFalse(processor.allowsPolling());
        assertFalse(write(pollControl, 2), "a reserved bit");

        processor.reset();
        assertTrue(processor.allowsPolling());
    }

    @Test
    void theWallClockSaysWhenTheClockWasZero() {
        write(WALL_CLOCK, AREA);

        long boot = it.clock.wallNanos() - it.clock.nanos();
        assertEquals(boot, it.memory().loadInt(AREA + 4) * 1_000_000_000L + it.memory().loadInt(AREA + 8));
        assertEquals(0, it.memory().loadInt(AREA) & 1);
    }

    @Test
    void oldGuestsHaveTheSameClocksByOtherRegisters() {
        it.clock.advance(123_456_789);
        assertTrue(write(OLD_SYSTEM_TIME, AREA | 1));
        assertEquals(AREA | 1, it.read(SYSTEM_TIME));
        assertEquals(it.clock.nanos(), guestNanos(it.tscAt(it.clock.nanos())));

        assertTrue(write(OLD_WALL_CLOCK, AREA + 0x100));

        long boot = it.memory().loadInt(AREA + 0x104) * 1_000_000_000L + it.memory().loadInt(AREA + 0x108);
        assertEquals(it.clock.wallNanos() - it.clock.nanos(), boot);
    }

    @Test
    void aGuestSaysWhetherItMayBeMigrated() {
        int migrationControl = 0x4b56_4d08;
        assertTrue(write(migrationControl, 1));
        assertEquals(1, it.read(migrationControl));
        assertFalse(write(migrationControl, 2), "a reserved bit");

        processor.reset();

        assertEquals(0, it.read(migrationControl));
    }

    @Test
    void aClockOutsideMemoryIsNone() {
        assertTrue(write(SYSTEM_TIME, 0x7fff_ffff_f000L | 1));
        assertTrue(write(WALL_CLOCK, -1));
        assertTrue(write(SYSTEM_TIME, FakeMachine.RAM_BYTES - 8 | 1));
    }

    @Test
    void stolenTimeIsTold() {
        it.stolen = 1_000_000;
        assertFalse(write(STEAL_TIME, AREA | 3), "a reserved bit");
        assertTrue(write(STEAL_TIME, AREA | 1));
        assertEquals(0, it.memory().loadLong(AREA), "counts from now");

        it.stolen += 77_000;
        write(STEAL_TIME, AREA | 1);
        it.stolen += 5_000;
        processor.back();

        assertTrue(it.memory().loadLong(AREA) <= 5_000);
        assertEquals(0, it.memory().loadInt(AREA + 8) & 1);
    }

    @Test
    void whoIsAwayIsToldToForgetWhenItIsBack() {
        write(STEAL_TIME, AREA | 1);
        processor.away();
        assertEquals(1, it.memory().loadByte(AREA + 16));
        assertFalse(processor.back());
        assertEquals(0, it.memory().loadByte(AREA + 16));

        processor.away();
        it.memory().storeByte(AREA + 16, (byte) 3);

        assertTrue(processor.back());
        assertEquals(0, it.memory().loadByte(AREA + 16));
    }

    @Test
    void endsOfInterruptsGoThroughABit() {
        assertFalse(write(LAZY_EOI, FakeMachine.RAM_BYTES | 1), "outside memory");
        assertFalse(write(LAZY_EOI, AREA | 3), "a reserved bit");
        assertTrue(write(LAZY_EOI, AREA | 1));

        assertTrue(it.lazyEoi.set());
        assertEquals(1, it.memory().loadInt(AREA));
        assertTrue(it.lazyEoi.clear());
        assertFalse(it.lazyEoi.clear());

        write(LAZY_EOI, 0);
        assertNull(it.lazyEoi);
    }

    @Test
    void asynchronousFaultsCanBeAskedForInMemoryOnly() {
        assertTrue(write(ASYNC_FAULT, AREA | 9));
        assertFalse(write(ASYNC_FAULT, AREA | 0x11));
        assertFalse(write(ASYNC_FAULT, FakeMachine.RAM_BYTES | 1));
        assertFalse(write(0x4b56_4d06, 0x100), "no vector");
    }

    // ---- calls ----

    private long call(long number, long a0, long a1, long a2, long a3) {
        return calls.call(it, 0, true, number, a0, a1, a2, a3);
    }

    @Test
    void aGuestThatGoesOnElsewhereWaitsForNoPage() {
        int interrupt = 0x4b56_4d06, acknowledge = 0x4b56_4d07, all = -1;
        write(ASYNC_FAULT, AREA | 9);
        assertTrue(write(interrupt, 0xf3));
        assertEquals(List.of(), it.asked, "the guest itself");
        it.owner = true;
        it.memory().storeInt(AREA + 4, 0x1001);

        assertTrue(write(interrupt, 0xf3));
        assertEquals(0x1001, it.memory().loadInt(AREA + 4), "the guest has not looked at it yet");
        it.memory().storeInt(AREA + 4, 0);
        assertTrue(write(acknowledge, 1));

        assertEquals(all, it.memory().loadInt(AREA + 4));
        assertEquals(List.of("interrupt 0 40f3"), it.asked);
    }

    @Test
    void interruptsGoToThoseInTheBitmap() {
        assertEquals(3, call(10, 0b1011, 0, 0, 0xfd));
        assertEquals(List.of("interrupt 0 fd", "interrupt 1 fd", "interrupt 3 fd"), it.asked);

        it.asked.clear();
        assertEquals(1, calls.call(it, 0, false, 10, 0, 1L << 3, -32, 0x400), "bit 35 from -32 on");
        assertEquals(List.of("interrupt 3 400"), it.asked);
        assertEquals(-22, call(10, 1, 0, 0, 0x8fd), "a logical destination");
        assertEquals(-22, call(10, 1, 0, 0, 0x8_00fd), "a shorthand");
    }

    @Test
    void interruptsGoToNobodyBeyondTheProcessors() {
        assertEquals(0, call(10, 0b1011, 0, 4, 0xfd));
        assertEquals(0, call(10, 1, 0, -1, 0xfd), "which is no broadcast");
        assertEquals(0, call(10, 2, 0, -1, 0xfd), "which does not begin anew");
        assertEquals(List.of(), it.asked);
    }

    @Test
    void whoIsNotToldOfCallsHasOnlyThoseWithoutAFeatureBit() {
        KvmHypercalls unannounced = new KvmHypercalls(it, false);
        for (int number : new int[] {5, 10, 11, 12}) {
            assertEquals(-1000, unannounced.call(it, 0, true, number, 0x1000, 1, 0, 0), "call " + number);
        }
        assertEquals(0, unannounced.call(it, 0, true, 1, 0, 0, 0, 0));
        assertEquals(-95, unannounced.call(it, 0, true, 9, AREA, 1, 0, 0));
    }

    @Test
    void callsAreTheKernelsAndKnown() {
        assertEquals(-1, calls.call(it, 3, true, 5, 0, 1, 0, 0));
        assertEquals(-1000, call(4711, 0, 0, 0, 0));
        assertEquals(-1000, call(0x1_0000_0001L, 0, 0, 0, 0), "a number has 64 bits");
        assertEquals(0, call(5, 0, 2, 0, 0));
        assertEquals(List.of("unhalt 2"), it.asked);
        assertEquals(0, call(11, 1, 0, 0, 0));
    }

    @Test
    void clocksArePaired() {
        it.clock.advance(42);
        assertEquals(0, call(9, AREA, 0, 0, 0));
        long wall = it.memory().loadLong(AREA) * 1_000_000_000 + it.memory().loadLong(AREA + 8);
        assertEquals(it.clock.wallNanos(), wall);
        assertEquals(it.tscAt(it.clock.nanos()), it.memory().loadLong(AREA + 16));
        assertEquals(-95, call(9, AREA, 1, 0, 0));
        assertEquals(-14, call(9, FakeMachine.RAM_BYTES - 8, 0, 0, 0));
        assertEquals(0, calls.call(it, 0, false, 9, AREA, 0, 0, 0), "in 32-bit mode too");
    }

    @Test
    void rangesAreOfWholePages() {
        assertEquals(0, call(12, 0x1000, 3, 0, 0));
        assertEquals(-22, call(12, 0x1001, 3, 0, 0));
        assertEquals(-22, call(12, 0x1000, 0, 0, 0));
        assertEquals(-22, call(12, 0x1000, -1, 0, 0));
    }

    @Test
    void resetForgetsWhereThingsAre() {
        write(SYSTEM_TIME, AREA | 1);
        write(LAZY_EOI, AREA + 64 | 1);
        assertNotNull(it.lazyEoi);

        processor.reset();
        it.memory().storeLong(AREA + 16, 7);
        processor.tscChanged();

        assertEquals(7, it.memory().loadLong(AREA + 16));
        assertNull(it.lazyEoi);
    }
}
