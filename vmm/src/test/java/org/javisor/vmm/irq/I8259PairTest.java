// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.javisor.memory.IoBus;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class I8259PairTest {
    private static final int MASTER = 0x20, SLAVE = 0xa0, ELCR = 0x4d0;
    /// Arbitrary, but different.
    private static final int MASTER_BASE = 0x30, SLAVE_BASE = 0x70;
    private static final int EOI = 0x20, SPECIFIC_EOI = 0x60, ROTATE_EOI = 0xa0, SET_PRIORITY = 0xc0;

    private final IoBus ports = new IoBus("port", 0xffff);
    private boolean intr;
    private final I8259Pair pic = new I8259Pair(level -> intr = level);

    @BeforeEach
    void attachAndInitialize() {
        pic.attach(ports);
        initialize(0x01);
    }

    private void initialize(int icw4) {
        initialize(MASTER, MASTER_BASE, 4, icw4);
        initialize(SLAVE, SLAVE_BASE, 2, icw4);
    }

    private void initialize(int port, int base, int icw3, int icw4) {
        out(port, 0x11);
        out(port + 1, base);
        out(port + 1, icw3);
        out(port + 1, icw4);
    }

    private void out(int port, int value) {
        ports.write(port, 1, value);
    }

    private int in(int port) {
        return (int) ports.read(port, 1);
    }

    private void pulse(int irq) {
        pic.input(irq, true);
        pic.input(irq, false);
    }

    @Test
    void anEdgeInterruptsOnceWithItsVector() {
        pic.input(3, true);
        assertTrue(intr);

        assertEquals(MASTER_BASE + 3, pic.acknowledge());

        assertFalse(intr);
        out(MASTER, EOI);
        assertFalse(intr);
    }

    @Test
    void anInputOfTheSlaveComesThroughTheCascade() {
        pulse(12);

        assertEquals(SLAVE_BASE + 4, pic.acknowledge());

        out(SLAVE, 0x0b);
        assertEquals(1 << 4, in(SLAVE));
        out(MASTER, 0x0b);
        assertEquals(1 << 2, in(MASTER));
    }

    @Test
    void aMaskedInputWaitsUntilItIsUnmasked() {
        out(MASTER + 1, 1 << 5);
        pulse(5);
        assertFalse(intr);
        assertEquals(1 << 5, in(MASTER + 1));

        out(MASTER + 1, 0);

        assertTrue(intr);
    }

    @Test
    void aLowerPriorityWaitsForTheEndOfAHigherOne() {
        pulse(1);
        pic.acknowledge();
        pulse(4);
        assertFalse(intr);

        out(MASTER, EOI);

        assertEquals(MASTER_BASE + 4, pic.acknowledge());
    }

    @Test
    void aHigherPriorityInterruptsALowerOneInService() {
        pulse(4);
        pic.acknowledge();

        pulse(1);

        assertTrue(intr);
        assertEquals(MASTER_BASE + 1, pic.acknowledge());
    }

    @Test
    void aSlaveInServiceBlocksTheSlaveButNotHigherInputsOfTheMaster() {
        pulse(12);
        pic.acknowledge();

        pulse(9);
        assertFalse(intr);
        pulse(0);
        assertTrue(intr);
    }

    @Test
    void inSpecialFullyNestedModeTheSlaveMayInterruptItself() {
        initialize(MASTER, MASTER_BASE, 4, 0x11);
        pulse(12);
        pic.acknowledge();

        pulse(9);

        assertTrue(intr);
        assertEquals(SLAVE_BASE + 1, pic.acknowledge());
    }

    @Test
    void aSpecificEndOfInterruptEndsThatOne() {
        pulse(4);
        pic.acknowledge();
        pulse(1);
        pic.acknowledge();

        out(MASTER, SPECIFIC_EOI | 4);

        out(MASTER, 0x0b);
        assertEquals(1 << 1, in(MASTER));
    }

    @Test
    void rotationMakesTheInputThatWasServedTheLowest() {
        pulse(3);
        pic.acknowledge();
        out(MASTER, ROTATE_EOI);
        pulse(3);
        pulse(7);
        pulse(4);

        assertEquals(MASTER_BASE + 4, pic.acknowledge());
        out(MASTER, EOI);
        assertEquals(MASTER_BASE + 7, pic.acknowledge());
        out(MASTER, EOI);
        assertEquals(MASTER_BASE + 3, pic.acknowledge());
    }

    @Test
    void setPriorityNamesTheLowestInput() {
        out(MASTER, SET_PRIORITY | 5);
        pulse(5);
        pulse(0);
        pulse(6);

        assertEquals(MASTER_BASE + 6, pic.acknowledge());
    }

    @Test
    void automaticEndOfInterruptLeavesNothingInService() {
        initialize(0x03);
        pulse(6);
        pic.acknowledge();

        out(MASTER, 0x0b);
        assertEquals(0, in(MASTER));
        pulse(6);
        assertTrue(intr);
    }

    @Test
    void automaticEndOfInterruptMayRotate() {
        initialize(0x03);
        out(MASTER, 0x80);
        pulse(6);
        pic.acknowledge();
        pulse(6);
        pulse(7);

        assertEquals(MASTER_BASE + 7, pic.acknowledge());
    }

    @Test
    void specialMaskModeLetsLowerInputsInterruptAMaskedOneInService() {
        pulse(1);
        pic.acknowledge();
        out(MASTER + 1, 1 << 1);
        pulse(4);
        assertFalse(intr);

        out(MASTER, 0x68);

        assertTrue(intr);
        out(MASTER, 0x48);
        assertFalse(intr);
    }

    @Test
    void pollingTakesTheInterrupt() {
        pulse(6);
        out(MASTER, 0x0c);

        assertEquals(0x80 | 6, in(MASTER));

        assertFalse(intr);
        out(MASTER, 0x0b);
        assertEquals(1 << 6, in(MASTER));
    }

    @Test
    void pollingWithNothingRequestedSaysSo() {
        out(SLAVE, 0x0c);

        assertEquals(0, in(SLAVE) & 0x80);
    }

    @Test
    void aLevelTriggeredInputInterruptsForAsLongAsItIsAsserted() {
        out(ELCR, 1 << 5);
        pic.input(5, true);
        pic.acknowledge();

        out(MASTER, EOI);
        assertTrue(intr);
        pic.input(5, false);

        assertFalse(intr);
    }

    @Test
    void anEdgeWithoutEndDoesNotRepeat() {
        pic.input(5, true);
        pic.acknowledge();
        out(MASTER, EOI);

        assertFalse(intr);
    }

    @Test
    void aLevelThatGoesAwayBeforeTheAcknowledgeIsSpurious() {
        out(ELCR, 1 << 3);
        pic.input(3, true);
        pic.input(3, false);

        assertEquals(MASTER_BASE + 7, pic.acknowledge());

        out(MASTER, 0x0b);
        assertEquals(0, in(MASTER));
    }

    @Test
    void aRequestOfTheSlaveThatGoesAwayIsSpurious() {
        out(ELCR + 1, 1 << 2);
        pic.input(10, true);
        assertTrue(intr);
        pic.input(10, false);

        assertFalse(intr);
        assertEquals(MASTER_BASE + 7, pic.acknowledge());
        out(SLAVE, 0x0b);
        assertEquals(0, in(SLAVE));
    }

    @Test
    void elcrKeepsTimerKeyboardAndCascadeEdgeTriggered() {
        ports.write(ELCR, 2, 0xffff);

        assertEquals(0xf8, in(ELCR));
        assertEquals(0xde, in(ELCR + 1));
    }

    @Test
    void initialisationForgetsRequestsAndMask() {
        out(MASTER + 1, 0xfe);
        pulse(0);

        initialize(0x01);

        assertFalse(intr);
        assertEquals(0, in(MASTER + 1));
    }

    @Test
    void irrShowsWhatIsRequested() {
        pulse(4);
        out(MASTER, 0x0a);

        assertEquals(1 << 4, in(MASTER));
    }

    @Test
    void resetKeepsTheInputsAndForgetsTheRest() {
        out(ELCR, 0xf8);
        pic.input(4, true);
        pic.acknowledge();

        pic.reset();

        I8259.State master = pic.save().master();
        assertEquals(1 << 4, master.inputs());
        assertEquals(0, master.irr() | master.isr() | master.imr() | master.elcr());
    }

    @Test
    void stateSurvivesARoundTrip() {
        Random random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            stir(random);
        }
        I8259Pair.State saved = pic.save();
        boolean intrThen = intr;
        I8259Pair other = new I8259Pair(level -> intr = level);
        intr = false;

        other.restore(saved);

        assertEquals(saved, other.save());
        assertEquals(intrThen, intr);
    }

    @Test
    void stateThatNoChipCanHaveIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new I8259.State(0x100, 0, 0, 0, 0, 0, 7, 0, false, false,
                false, false, false, false, false, false));
    }

    @Test
    void nothingAGuestDoesThrowsAndAnAcknowledgeAlwaysGivesAVector() {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("I8259PairTest seed " + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 200_000; i++) {
            stir(random);
            if (random.nextInt(4) == 0) {
                int vector = pic.acknowledge();
                assertEquals(0, vector & ~0xff);
            }
            assertEquals(intr, pic.interruptRequested());
        }
    }

    private void stir(Random random) {
        int[] bases = {MASTER, SLAVE, ELCR};
        int port = bases[random.nextInt(3)] + random.nextInt(2);
        switch (random.nextInt(3)) {
            case 0 -> ports.write(port, 1 << random.nextInt(3), random.nextInt());
            case 1 -> ports.read(port, 1 << random.nextInt(3));
            default -> pic.input(random.nextInt(16), random.nextBoolean());
        }
    }
}
