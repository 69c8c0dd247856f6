// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.javisor.testkit.ManualClock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class IoApicTest {
    private static final int LEVEL = 1 << 15, MASKED = 1 << 16, REMOTE_IRR = 1 << 14;

    private final ManualClock clock = new ManualClock();
    private final ApicBus bus = new ApicBus();
    private final FakePins processor = new FakePins(clock);
    private final IoApic ioApic = new IoApic(bus, false);
    private final LocalApic apic = new LocalApic(0, bus, processor, clock, ioApic::endOfInterrupt, null);

    @BeforeEach
    void enable() {
        apic.spurious(0x1ff);
    }

    private int read(int index) {
        ioApic.write(IoApic.SELECT, 4, index);
        return (int) ioApic.read(IoApic.WINDOW, 4);
    }

    private void write(int index, int value) {
        ioApic.write(IoApic.SELECT, 4, index);
        ioApic.write(IoApic.WINDOW, 4, value & 0xffff_ffffL);
    }

    private void program(int pin, int low) {
        write(0x11 + 2 * pin, 0);
        write(0x10 + 2 * pin, low);
    }

    private int low(int pin) {
        return read(0x10 + 2 * pin);
    }

    @Test
    void anEdgeSendsOneMessage() {
        program(4, 0x41);

        ioApic.input(4, true);
        assertEquals(0x41, apic.acknowledge());
        apic.endOfInterrupt();
        ioApic.input(4, true);
        ioApic.input(4, false);

        assertEquals(-1, apic.acknowledge());
    }

    @Test
    void anEdgeOnAMaskedPinIsLost() {
        program(4, 0x41 | MASKED);
        ioApic.input(4, true);

        program(4, 0x41);

        assertEquals(-1, apic.acknowledge());
    }

    @Test
    void aLevelStaysUnderWayUntilItsEnd() {
        program(4, 0x41 | LEVEL);

        ioApic.input(4, true);

        assertEquals(0x41 | LEVEL | REMOTE_IRR, low(4));
        assertEquals(0x41, apic.acknowledge());
        ioApic.input(4, false);
        apic.endOfInterrupt();
        assertEquals(0x41 | LEVEL, low(4));
        assertEquals(-1, apic.acknowledge());
    }

    @Test
    void aLevelThatIsStillAssertedInterruptsAgain() {
        program(4, 0x41 | LEVEL);
        ioApic.input(4, true);
        apic.acknowledge();

        apic.endOfInterrupt();

        assertEquals(0x41, apic.acknowledge());
    }

    @Test
    void aLevelUnderWayIsNotSentAgain() {
        program(4, 0x41 | LEVEL);
        ioApic.input(4, true);
        apic.acknowledge();

        ioApic.input(4, false);
        ioApic.input(4, true);

        assertEquals(0, apic.vectors(ApicLayout.IRR, 2));
    }

    @Test
    void aLevelOnAMaskedPinInterruptsWhenUnmasked() {
        program(4, 0x41 | LEVEL | MASKED);
        ioApic.input(4, true);
        assertEquals(-1, apic.acknowledge());

        program(4, 0x41 | LEVEL);

        assertEquals(0x41, apic.acknowledge());
    }

    @Test
    void aMaskedLevelIsNotSentAgainAtItsEnd() {
        program(4, 0x41 | LEVEL);
        ioApic.input(4, true);
        apic.acknowledge();
        program(4, 0x41 | LEVEL | MASKED);

        apic.endOfInterrupt();

        assertEquals(-1, apic.acknowledge());
        assertEquals(0x41 | LEVEL | MASKED, low(4));
    }

    @Test
    void theEndOfInterruptRegisterEndsOne() {
        apic.spurious(0x1ff | ApicLayout.SVR_SUPPRESS_EOI_BROADCAST);
        program(4, 0x41 | LEVEL);
        ioApic.input(4, true);
        apic.acknowledge();
        ioApic.input(4, false);
        apic.endOfInterrupt();
        assertEquals(0x41 | LEVEL | REMOTE_IRR, low(4));

        ioApic.write(IoApic.EOI, 4, 0x41);

        assertEquals(0x41 | LEVEL, low(4));
    }

    @Test
    void theEndOfAnotherVectorChangesNothing() {
        program(4, 0x41 | LEVEL);
        ioApic.input(4, true);

        ioApic.endOfInterrupt(0x42);

        assertEquals(0x41 | LEVEL | REMOTE_IRR, low(4));
    }

    @Test
    void becomingEdgeTriggeredForgetsALevelUnderWay() {
        program(4, 0x41 | LEVEL);
        ioApic.input(4, true);

        program(4, 0x41 | MASKED);
        program(4, 0x41 | LEVEL | MASKED);

        assertEquals(0x41 | LEVEL | MASKED, low(4));
    }

    @Test
    void aLevelThatNobodyAcceptsIsNotUnderWay() {
        apic.spurious(0xff);
        program(4, 0x41 | LEVEL);

        ioApic.input(4, true);

        assertEquals(0x41 | LEVEL, low(4));
    }

    @Test
    void otherDeliveryModesReachTheProcessor() {
        program(1, 2 << 8);
        program(2, 4 << 8);
        program(3, 5 << 8);

        for (int pin = 1; pin <= 3; pin++) {
            ioApic.input(pin, true);
        }

        assertEquals(List.of("SMI", "NMI", "INIT"), processor.signals);
    }

    @Test
    void aNonMaskableInterruptIsAnEdgeWhateverTheTriggerMode() {
        program(1, 4 << 8 | LEVEL);

        ioApic.input(1, true);

        assertEquals(List.of("NMI"), processor.signals);
        assertEquals(4 << 8 | LEVEL, low(1));
    }

    @Test
    void theDestinationIsTheUpperByte() {
        program(4, 0x41);
        write(0x11 + 8, 0x0300_0000);
        ioApic.input(4, true);
        assertEquals(-1, apic.acknowledge());
        ioApic.input(4, false);

        write(0x11 + 8, 0);
        ioApic.input(4, true);

        assertEquals(0x41, apic.acknowledge());
    }

    @Test
    void registersSayWhatItIs() {
        assertEquals(0x0017_0020, read(1));
        write(0, 0x0f00_00ff);
        assertEquals(0x0f00_0000, read(0));
        assertEquals(0x0f00_0000, read(2));
        assertEquals(0, read(0x0f));
        assertEquals(0, read(0x40));
    }

    @Test
    void statusBitsCannotBeWritten() {
        program(4, MASKED | REMOTE_IRR | 1 << 12 | LEVEL | 0x41);

        assertEquals(MASKED | LEVEL | 0x41, low(4));
    }

    @Test
    void resetMasksEverythingAndKeepsThePins() {
        program(4, 0x41 | LEVEL);
        ioApic.input(4, true);

        ioApic.reset();

        assertEquals(MASKED, low(4));
        assertEquals(1 << 4, ioApic.save().pins());
    }

    @Test
    void stateSurvivesARoundTrip() {
        Random random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            stir(random);
        }
        IoApic.State saved = ioApic.save();
        IoApic other = new IoApic(bus, false);

        other.restore(saved);

        assertEquals(saved, other.save());
    }

    @Test
    void stateThatNoChipCanHaveIsRefused() {
        assertThrows(IllegalArgumentException.class,
                () -> new IoApic.State(0, 0, 1 << 24, Collections.nCopies(24, 0L)));
        assertThrows(IllegalArgumentException.class, () -> new IoApic.State(0, 0, 0, List.of(0L)));
    }

    @Test
    void nothingAGuestDoesThrows() {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("IoApicTest seed " + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 200_000; i++) {
            stir(random);
            apic.acknowledge();
            apic.endOfInterrupt();
        }
        assertTrue(ioApic.save().table().size() == IoApic.PINS);
    }

    private void stir(Random random) {
        switch (random.nextInt(4)) {
            case 0 -> ioApic.write(random.nextBoolean() ? random.nextInt(0x50) : random.nextInt(5) * 0x10,
                    1 << random.nextInt(4), random.nextLong());
            case 1 -> ioApic.read(random.nextInt(IoApic.PAGE_BYTES), 1 << random.nextInt(4));
            case 2 -> write(random.nextInt(0x48), random.nextInt());
            default -> ioApic.input(random.nextInt(IoApic.PINS), random.nextBoolean());
        }
    }
}
