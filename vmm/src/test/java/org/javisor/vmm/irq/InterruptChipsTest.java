// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.IoBus;
import org.javisor.memory.TickLine;
import org.javisor.testkit.ManualClock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The chips of a PC wired together: what a device's wire leads to.
class InterruptChipsTest {
    private static final long IO_APIC = IoApic.DEFAULT_PAGE;

    private final ManualClock clock = new ManualClock();
    private final IoBus ports = new IoBus("port", 0xffff);
    private final IoBus mmio = new IoBus("MMIO address", 0xffff_ffffL);
    private final InterruptChips chips = new InterruptChips(clock, ports, mmio, false);
    private final FakePins processor = new FakePins(clock);
    private final LocalApic apic = chips.newLocalApic(0, processor);

    @BeforeEach
    void enable() {
        apic.spurious(0x1ff);
    }

    private void out(int port, int... values) {
        for (int value : values) {
            ports.write(port, 1, value);
        }
    }

    private void initializePics() {
        out(0x20, 0x11);
        out(0x21, 0x20, 4, 1);
        out(0xa0, 0x11);
        out(0xa1, 0x28, 2, 1);
    }

    private void pin(int pin, int low) {
        mmio.write(IO_APIC, 4, 0x10 + 2 * pin);
        mmio.write(IO_APIC + 0x10, 4, low);
    }

    @Test
    void aLegacyInterruptReachesThePicAndTheIoApic() {
        initializePics();
        apic.connectVirtualWire();
        pin(4, 0x44);

        chips.gsi(4).pulse();

        assertEquals(0x24, apic.acknowledge());
        assertEquals(0x44, apic.acknowledge());
    }

    @Test
    void theTimersInterruptIsPinTwo() {
        pin(2, 0x42);

        out(0x43, 0x34);
        out(0x40, 0x00, 0x10);
        clock.advance(4_000_000);

        assertEquals(0x42, apic.acknowledge());
    }

    @Test
    void interruptsAboveFifteenAreTheIoApicsAlone() {
        initializePics();
        apic.connectVirtualWire();
        pin(20, 0x54);

        chips.gsi(20).pulse();

        assertEquals(0x54, apic.acknowledge());
        assertEquals(-1, apic.acknowledge());
    }

    @Test
    void aSharedInterruptIsAssertedUntilItsLastSourceLetsGo() {
        pin(16, 0x50 | 1 << 15);
        InterruptLine one = chips.gsi(16);
        InterruptLine other = chips.gsi(16);
        one.set(true);
        other.set(true);
        one.set(false);
        apic.acknowledge();
        apic.endOfInterrupt();
        assertEquals(0x50, apic.acknowledge());

        other.set(false);
        apic.endOfInterrupt();

        assertEquals(-1, apic.acknowledge());
    }

    @Test
    void thePicsOutputIsPinZeroAsWell() {
        initializePics();
        pin(0, 7 << 8);

        chips.gsi(3).pulse();

        assertEquals(0x23, apic.acknowledge());
    }

    @Test
    void routesCanBeReplaced() {
        chips.routing(chips.routing().with(5, new GsiRoute.Msi(0xfee0_0000L, 0x61), new GsiRoute.Pin(6)));
        pin(5, 0x45);
        pin(6, 0x46);

        chips.gsi(5).pulse();

        assertEquals(0x61, apic.acknowledge());
        apic.endOfInterrupt();
        assertEquals(0x46, apic.acknowledge());
        apic.endOfInterrupt();
        assertEquals(-1, apic.acknowledge());
    }

    @Test
    void anAssertedInterruptFollowsItsRoute() {
        pin(6, 0x46 | 1 << 15);
        chips.gsi(5).set(true);

        chips.routing(chips.routing().with(5, new GsiRoute.Pin(6)));

        assertEquals(0x46, apic.acknowledge());
        assertEquals(1 << 6, chips.save().ioApic().pins() & (1 << 5 | 1 << 6));
    }

    @Test
    void numbersOutOfRangeAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> chips.gsi(-1));
        assertThrows(IllegalArgumentException.class, () -> chips.gsi(InterruptChips.GSIS));
        assertThrows(IllegalArgumentException.class, () -> new GsiRoute.Pin(24));
        assertThrows(IllegalArgumentException.class, () -> new GsiRoute.Pic(16));
    }

    @Test
    void anotherDeviceCanTakeThePitsPlace() {
        boolean[] ticked = new boolean[1];
        chips.connectPit(level -> ticked[0] |= level);
        pin(2, 0x42);

        out(0x43, 0x34);
        out(0x40, 0x00, 0x10);
        clock.advance(4_000_000);

        assertTrue(ticked[0]);
        assertEquals(-1, apic.acknowledge());
    }

    @Test
    void anEdgeIsPendingWhileNobodyHasTakenTheOneBefore() {
        InterruptLine line = chips.gsi(4);
        pin(4, 0x44);
        assertFalse(line.pending());

        line.pulse();
        assertTrue(line.pending());
        apic.acknowledge();

        assertFalse(line.pending());
    }

    @Test
    void anEdgeIsNotPendingWhereOneRouteIsReady() {
        initializePics();
        InterruptLine line = chips.gsi(4);
        line.pulse();
        assertTrue(line.pending());

        pin(4, 0x44);

        assertFalse(line.pending());
    }

    @Test
    void aProcessorHeldUpGetsItsTicksLater() {
        pin(2, 0x42);
        out(0x43, 0x34);
        out(0x40, 0xa9, 0x04);
        clock.advance(5_500_000);
        int ticks = 0;

        for (int i = 0; i < 10; i++) {
            if (apic.acknowledge() == 0x42) {
                ticks++;
                apic.endOfInterrupt();
            }
            clock.advance(50_000);
        }
        clock.advance(400_000);

        assertTrue(ticks >= 2, ticks + " ticks");
    }

    @Test
    void lint1ReachesEveryProcessor() {
        FakePins second = new FakePins(clock);
        LocalApic other = chips.newLocalApic(1, second);
        apic.connectVirtualWire();
        other.connectVirtualWire();

        chips.lint1(true);

        assertEquals(List.of("NMI"), processor.signals);
        assertEquals(List.of("NMI"), second.signals);
    }

    @Test
    void resetSilencesEverything() {
        pin(4, 0x44);
        out(0x43, 0x34);
        out(0x40, 0x00, 0x10);

        chips.reset();
        chips.gsi(4).pulse();
        clock.advance(1_000_000_000);

        assertEquals(-1, apic.acknowledge());
        assertEquals(Long.MAX_VALUE, clock.nextDeadline());
    }

    @Test
    void stateSurvivesARoundTrip() {
        initializePics();
        pin(4, 0x44);
        out(0x43, 0x34);
        out(0x40, 0x00, 0x10);
        chips.gsi(12).set(true);
        InterruptChips.State saved = chips.save();
        chips.reset();

        chips.restore(saved);

        assertEquals(saved, chips.save());
    }

    @Test
    void ticksThatAProcessorWasTooLateForFollowEachOtherAsItTakesThemAndThenLeaveItTime() {
        initializePics();
        apic.connectVirtualWire();
        // Channel 0, mode 2, 1193 ticks of its clock: a millisecond.
        out(0x43, 0x34);
        out(0x40, 0xa9, 0x04);

        clock.advance(40_500_000);
        // One was delivered in time, and waited.
        assertEquals(1 + TickLine.BURST, ticksTakenNow());

        int later = 0;
        while (clock.nanos() < 100_000_000) {
            clock.advance(100_000);
            later += ticksTakenNow();
        }

        assertEquals(100, 1 + TickLine.BURST + later);
    }

    private int ticksTakenNow() {
        int ticks = 0;
        while (apic.acknowledge() == 0x20) {
            ticks++;
            chips.taken();
            out(0x20, 0x20);
        }
        return ticks;
    }
}
