// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.javisor.vmm.irq.ApicLayout.EOI;
import static org.javisor.vmm.irq.ApicLayout.ESR;
import static org.javisor.vmm.irq.ApicLayout.ICR;
import static org.javisor.vmm.irq.ApicLayout.ICR_HIGH;
import static org.javisor.vmm.irq.ApicLayout.IRR;
import static org.javisor.vmm.irq.ApicLayout.ISR;
import static org.javisor.vmm.irq.ApicLayout.LDR;
import static org.javisor.vmm.irq.ApicLayout.LVT_ERROR;
import static org.javisor.vmm.irq.ApicLayout.LVT_LINT0;
import static org.javisor.vmm.irq.ApicLayout.LVT_LINT1;
import static org.javisor.vmm.irq.ApicLayout.LVT_MASKED;
import static org.javisor.vmm.irq.ApicLayout.PPR;
import static org.javisor.vmm.irq.ApicLayout.SVR;
import static org.javisor.vmm.irq.ApicLayout.TMR;
import static org.javisor.vmm.irq.ApicLayout.TPR;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.javisor.memory.IoBus;
import org.javisor.testkit.ManualClock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A local APIC alone, through its memory-mapped registers and its pins.
class LocalApicTest {
    private static final int ENABLE = 0x1ff;

    private final ManualClock clock = new ManualClock();
    private final FakePins processor = new FakePins(clock);
    private final List<Integer> ended = new ArrayList<>();
    private final I8259Pair pic = new I8259Pair(level -> lint0(level));
    private final LocalApic apic = new LocalApic(0, new ApicBus(), processor, clock, ended::add, pic);
    private final ApicRegisters registers = new ApicRegisters(apic);

    private void lint0(boolean level) {
        if (apic != null) {
            apic.lint(0, level);
        }
    }

    @BeforeEach
    void enable() {
        write(SVR, ENABLE);
    }

    private int read(int register) {
        return (int) registers.read(register, 4);
    }

    private void write(int register, int value) {
        registers.write(register, 4, value & 0xffff_ffffL);
    }

    private boolean has(int bitmap, int vector) {
        return (read(bitmap + 16 * (vector / 32)) >> vector % 32 & 1) != 0;
    }

    private void fixed(int vector) {
        assertTrue(apic.accept(vector));
    }

    @Test
    void aVectorGoesFromRequestToServiceToItsEnd() {
        fixed(0x51);
        assertTrue(processor.interrupt);
        assertTrue(has(IRR, 0x51));

        assertEquals(0x51, apic.acknowledge());
        assertFalse(has(IRR, 0x51));
        assertTrue(has(ISR, 0x51));
        assertFalse(processor.interrupt);

        write(EOI, 0);
        assertFalse(has(ISR, 0x51));
    }

    @Test
    void theHighestVectorIsTakenFirst() {
        fixed(0x51);
        fixed(0xfe);
        fixed(0x20);

        assertEquals(0xfe, apic.acknowledge());
        assertEquals(-1, apic.acknowledge());
        write(EOI, 0);
        assertEquals(0x51, apic.acknowledge());
        write(EOI, 0);
        assertEquals(0x20, apic.acknowledge());
    }

    @Test
    void aVectorOfTheSameClassWaitsForTheEnd() {
        fixed(0x51);
        apic.acknowledge();

        fixed(0x5f);

        assertFalse(processor.interrupt);
        assertEquals(-1, apic.acknowledge());
        write(EOI, 0);
        assertTrue(processor.interrupt);
        assertEquals(0x5f, apic.acknowledge());
    }

    @Test
    void aHigherClassInterruptsTheServiceOfALowerOne() {
        fixed(0x51);
        apic.acknowledge();

        fixed(0x61);

        assertEquals(0x61, apic.acknowledge());
        assertEquals(0x60, read(PPR));
        write(EOI, 0);
        assertEquals(0x50, read(PPR));
    }

    @Test
    void theTaskPriorityHoldsBackItsClassAndLower() {
        write(TPR, 0x50);
        fixed(0x5f);
        assertFalse(processor.interrupt);
        assertEquals(-1, apic.acknowledge());

        fixed(0x60);

        assertEquals(0x60, apic.acknowledge());
    }

    @Test
    void loweringTheTaskPriorityReleasesWhatItHeldBack() {
        write(TPR, 0xf0);
        fixed(0x51);

        apic.taskPriority(4);

        assertTrue(processor.interrupt);
        assertEquals(0x40, read(TPR));
        assertEquals(4, apic.taskPriority());
    }

    @Test
    void theProcessorPriorityKeepsTheSubclassOfTheTaskOnly() {
        write(TPR, 0x55);
        assertEquals(0x55, read(PPR));
        fixed(0x61);
        apic.acknowledge();

        assertEquals(0x60, read(PPR));
    }

    @Test
    void endOfInterruptWithNothingInServiceDoesNothing() {
        write(EOI, 0);

        assertEquals(List.of(), ended);
    }

    @Test
    void onlyLevelTriggeredVectorsAreAnnouncedWhenTheyEnd() {
        fixed(0x51);
        apic.accept(0x61 | ApicLayout.TRIGGER_LEVEL);
        assertTrue(has(TMR, 0x61));
        assertFalse(has(TMR, 0x51));
        apic.acknowledge();
        write(EOI, 0);
        apic.acknowledge();
        write(EOI, 0);

        assertEquals(List.of(0x61), ended);
    }

    @Test
    void anEdgeClearsTheTriggerModeOfItsVector() {
        apic.accept(0x61 | ApicLayout.TRIGGER_LEVEL);
        fixed(0x61);

        assertFalse(has(TMR, 0x61));
    }

    @Test
    void broadcastsOfEndOfInterruptCanBeSuppressed() {
        write(SVR, ENABLE | ApicLayout.SVR_SUPPRESS_EOI_BROADCAST);
        apic.accept(0x61 | ApicLayout.TRIGGER_LEVEL);
        apic.acknowledge();

        write(EOI, 0);

        assertEquals(List.of(), ended);
    }

    @Test
    void aSoftwareDisabledApicTakesNoVectorsButNmiInitAndStartup() {
        write(SVR, 0xff);

        assertFalse(apic.accept(0x51));
        apic.accept(0x400);
        apic.accept(0x4500);
        apic.accept(0x4642);

        assertEquals(List.of("NMI", "INIT", "STARTUP 66"), processor.signals);
        assertFalse(has(IRR, 0x51));
    }

    @Test
    void disablingBySoftwareMasksTheLocalVectorTable() {
        write(LVT_ERROR, 0x33);
        write(SVR, 0xff);
        assertEquals(0x33 | LVT_MASKED, read(LVT_ERROR));

        write(LVT_ERROR, 0x44);

        assertEquals(0x44 | LVT_MASKED, read(LVT_ERROR));
    }

    @Test
    void disablingBySoftwareKeepsWhatWasRequested() {
        fixed(0x51);
        write(SVR, 0xff);

        assertEquals(0x51, apic.acknowledge());
    }

    @Test
    void initDeassertDoesNothing() {
        apic.accept(ApicLayout.INIT << 8 | ApicLayout.TRIGGER_LEVEL);

        assertEquals(List.of(), processor.signals);
    }

    @Test
    void aVectorBelowSixteenIsAnError() {
        write(LVT_ERROR, 0x30);

        assertFalse(apic.accept(0x0f));

        assertEquals(0, read(ESR));
        write(ESR, 0);
        assertEquals(ApicLayout.ESR_RECEIVE_ILLEGAL_VECTOR, read(ESR));
        assertEquals(0x30, apic.acknowledge());
    }

    @Test
    void sendingAVectorBelowSixteenIsAnError() {
        write(ICR, ApicLayout.SELF << 18 | 5);

        write(ESR, 0);
        assertEquals(ApicLayout.ESR_SEND_ILLEGAL_VECTOR, read(ESR));
        assertEquals(-1, apic.acknowledge());
    }

    @Test
    void aRegisterThatDoesNotExistIsAnError() {
        read(0x40);

        write(ESR, 0);
        assertEquals(ApicLayout.ESR_ILLEGAL_REGISTER, read(ESR));
        write(ESR, 0);
        assertEquals(0, read(ESR));
    }

    @Test
    void anErrorVectorThatIsIllegalItselfEndsThere() {
        write(LVT_ERROR, 0x05);

        read(0x40);

        write(ESR, 0);
        assertEquals(ApicLayout.ESR_ILLEGAL_REGISTER | ApicLayout.ESR_RECEIVE_ILLEGAL_VECTOR, read(ESR));
    }

    @Test
    void aSelfInterruptArrives() {
        write(ICR, ApicLayout.SELF << 18 | 0x41);

        assertEquals(0x41, apic.acknowledge());
    }

    @Test
    void theCommandReadsBackIdle() {
        write(ICR_HIGH, 0x0500_0000);
        write(ICR, 0x0000_5041);

        assertEquals(0x0500_0000, read(ICR_HIGH));
        assertEquals(0x4041, read(ICR));
    }

    @Test
    void lint1DeliversNmisOnRisingEdges() {
        write(LVT_LINT1, 0x400);

        apic.lint(1, true);
        apic.lint(1, true);
        apic.lint(1, false);
        apic.lint(1, true);

        assertEquals(List.of("NMI", "NMI"), processor.signals);
    }

    @Test
    void aMaskedPinDoesNothing() {
        apic.lint(1, true);

        assertEquals(List.of(), processor.signals);
    }

    @Test
    void anEdgeTriggeredFixedPinRaisesItsVectorOnce() {
        write(LVT_LINT0, 0x45);
        apic.lint(0, true);
        apic.acknowledge();
        write(EOI, 0);

        assertEquals(-1, apic.acknowledge());
    }

    @Test
    void aLevelTriggeredPinInterruptsAgainUntilItIsLetGo() {
        write(LVT_LINT0, 0x8045);
        apic.lint(0, true);
        assertEquals(0x8045 | ApicLayout.LVT_REMOTE_IRR, read(LVT_LINT0));
        assertEquals(0x45, apic.acknowledge());
        write(EOI, 0);
        assertEquals(0x45, apic.acknowledge());
        apic.lint(0, false);
        write(EOI, 0);

        assertEquals(-1, apic.acknowledge());
        assertEquals(0x8045, read(LVT_LINT0));
    }

    @Test
    void thePicsInterruptComesThroughLint0() {
        pic.restore(initializedPic());
        write(LVT_LINT0, 0x700);

        pic.input(3, true);

        assertTrue(processor.interrupt);
        assertEquals(0x33, apic.acknowledge());
        assertEquals(0, read(PPR));
    }

    @Test
    void thePicsInterruptWaitsForLint0ToBeUnmasked() {
        pic.restore(initializedPic());
        pic.input(3, true);
        assertFalse(processor.interrupt);

        write(LVT_LINT0, 0x700);

        assertTrue(processor.interrupt);
    }

    @Test
    void withTheApicSwitchedOffThePicReachesTheProcessorDirectly() {
        pic.restore(initializedPic());
        apic.mode(false, false);

        pic.input(3, true);

        assertTrue(processor.interrupt);
        assertEquals(0x33, apic.acknowledge());
    }

    @Test
    void withTheApicSwitchedOffLint1IsTheNmiPin() {
        apic.mode(false, false);

        apic.lint(1, true);

        assertEquals(List.of("NMI"), processor.signals);
    }

    @Test
    void anExternalInterruptMessageAsksThePic() {
        pic.restore(initializedPic());
        pic.input(3, true);

        apic.accept(ApicLayout.EXTINT << 8);

        assertEquals(0x33, apic.acknowledge());
        assertEquals(-1, apic.acknowledge());
    }

    private static I8259Pair.State initializedPic() {
        I8259.State state = new I8259.State(0, 0, 0, 0, 0, 0x30, 7, 0, false, true, false, false, false, false, false,
                false);
        return new I8259Pair.State(state, state);
    }

    @Test
    void registersAreAsWideAsTheyAre() {
        write(TPR, 0x1ff);
        assertEquals(0xff, read(TPR));
        write(LDR, -1);
        assertEquals(0xff00_0000, read(LDR));
        write(ApicLayout.DFR, 0);
        assertEquals(0x0fff_ffff, read(ApicLayout.DFR));
        assertEquals(0x0106_0014, read(ApicLayout.VERSION));
    }

    @Test
    void readsOfPartsOfARegisterGiveThoseParts() {
        assertEquals(0x06, registers.read(ApicLayout.VERSION + 2, 1) & 0xff);
        assertEquals(0, registers.read(ApicLayout.VERSION + 4, 4));
        assertEquals(0x0106_0014, registers.read(ApicLayout.VERSION, 8));
    }

    @Test
    void initKeepsTheIdAndForgetsTheRest() {
        fixed(0x51);
        write(TPR, 0x20);
        write(LDR, 0x0100_0000);

        apic.initialize();

        assertEquals(-1, apic.acknowledge());
        assertEquals(0, read(TPR));
        assertEquals(0, read(LDR));
        assertEquals(0xff, read(SVR));
        assertEquals(LVT_MASKED, read(LVT_LINT0));
    }

    @Test
    void stateSurvivesARoundTrip() {
        Random random = new Random(1);
        for (int i = 0; i < 2000; i++) {
            stir(random);
        }
        LocalApic.State saved = apic.save();
        LocalApic other = new LocalApic(0, new ApicBus(), new FakePins(clock), clock, _ -> { }, null);

        other.restore(saved);

        assertEquals(saved, other.save());
    }

    @Test
    void stateThatNoApicCanHaveIsRefused() {
        LocalApic.State s = apic.save();

        assertThrows(IllegalArgumentException.class, () -> new LocalApic.State(false, true, 0, 0, 0, 0, 0,
                s.requested(), s.inService(), s.levelTriggered(), s.lvt(), 0, 0, 0, false, s.timer()));
        assertThrows(IllegalArgumentException.class, () -> new LocalApic.State(true, true, 0, 0, 0, 0, 0, List.of(1),
                s.inService(), s.levelTriggered(), s.lvt(), 0, 0, 0, false, s.timer()));
        assertThrows(IllegalArgumentException.class, () -> new LocalApic.State(true, true, 0, 0, 0, 0, 0,
                Collections.nCopies(8, 1), s.inService(), s.levelTriggered(), s.lvt(), 0, 0, 0, false, s.timer()));
    }

    @Test
    void nothingAGuestDoesThrows() {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("LocalApicTest seed " + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 200_000; i++) {
            stir(random);
            int vector = apic.acknowledge();
            assertTrue(vector >= -1 && vector <= 0xff);
        }
    }

    private void stir(Random random) {
        int offset = random.nextInt(8) == 0 ? random.nextInt(ApicRegisters.PAGE_BYTES) : 16 * random.nextInt(0x40);
        int size = 1 << random.nextInt(4);
        switch (random.nextInt(6)) {
            case 0 -> registers.read(offset, size);
            case 1 -> apic.accept(random.nextInt(0x10000));
            case 2 -> apic.lint(random.nextInt(2), random.nextBoolean());
            case 3 -> clock.advance(random.nextInt(10_000));
            case 4 -> write(EOI, 0);
            default -> registers.write(offset, size, random.nextInt() & 0xffff_ffffL);
        }
    }

    @Test
    void theBusOfAProcessorShowsItsOwnApic() {
        IoBus shared = new IoBus("MMIO address", 0xffff_ffffL);
        IoBus view = new IoBus(shared);
        view.attach(0xfee0_0000L, ApicRegisters.PAGE_BYTES, registers, "local APIC");

        assertEquals(0x0106_0014, view.read(0xfee0_0030L, 4));
        assertEquals(0xffff_ffffL, shared.read(0xfee0_0030L, 4));
    }
}
