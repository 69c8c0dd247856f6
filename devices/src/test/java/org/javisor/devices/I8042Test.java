// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.javisor.testkit.ManualClock;
import org.javisor.testkit.ProbeLine;
import org.junit.jupiter.api.Test;

class I8042Test {
    /// `A` in scan code sets 1 and 2.
    private static final int A1 = 0x1e, A2 = 0x1c;

    private final ManualClock clock = new ManualClock();
    private final ProbeLine irq1 = new ProbeLine();
    private final ProbeLine irq12 = new ProbeLine();
    private final ProbeLine a20 = new ProbeLine();
    private final List<ResetKind> resets = new ArrayList<>();
    private final I8042 controller = new I8042(irq1, irq12, new A20Gate(a20), clock, resets::add);
    private final EightBitDevice data = controller.data();
    private final EightBitDevice command = controller.command();

    private List<Integer> readAll() {
        List<Integer> read = new ArrayList<>();
        while ((command.readByte(0) & I8042.STATUS_OUTPUT_FULL) != 0) {
            read.add(data.readByte(0));
        }
        return read;
    }

    private void toMouse(int... bytes) {
        for (int b : bytes) {
            command.writeByte(0, 0xd4);
            data.writeByte(0, b);
        }
    }

    private void writeMode(int mode) {
        command.writeByte(0, 0x60);
        data.writeByte(0, mode);
    }

    @Test
    void theSelfTestPassesAndSetsTheSystemFlag() {
        command.writeByte(0, 0xaa);

        assertEquals(List.of(0x55), readAll());
        assertEquals(I8042.STATUS_SYSTEM, command.readByte(0) & I8042.STATUS_SYSTEM);
    }

    @Test
    void theKeyboardResetsAndIdentifiesItself() {
        writeMode(0);

        data.writeByte(0, 0xff);
        assertEquals(List.of(0xfa, 0xaa), readAll());
        data.writeByte(0, 0xf2);

        assertEquals(List.of(0xfa, 0xab, 0x83), readAll());
    }

    @Test
    void theIdentityIsTranslatedLikeEveryByte() {
        data.writeByte(0, 0xf2);

        assertEquals(List.of(0xfa, 0xab, 0x41), readAll());
    }

    @Test
    void aKeyComesTranslatedToSet1WithAnInterruptForEachByte() {
        controller.key(A1, false, true);
        controller.key(A1, false, false);
        assertTrue(irq1.high());
        assertEquals(A1, data.readByte(0));
        assertEquals(2, irq1.takeEdges());
        assertEquals(A1 | 0x80, data.readByte(0));

        assertFalse(irq1.high());
    }

    @Test
    void withoutTranslationAKeyComesInSet2() {
        writeMode(I8042.MODE_KEYBOARD_INTERRUPT);

        controller.key(A1, false, true);
        controller.key(0x48, true, true);       // cursor up
        controller.key(0x48, true, false);

        assertEquals(List.of(A2, 0xe0, 0x75, 0xe0, 0xf0, 0x75), readAll());
    }

    @Test
    void everyKeyOfSet1ComesBackThroughTranslation() {
        for (int key = 1; key < 0x54; key++) {
            controller.key(key, false, true);

            assertEquals(List.of(key), readAll());
        }
    }

    @Test
    void ledsAreSetByCommandAndParameter() {
        data.writeByte(0, 0xed);
        data.writeByte(0, 5);

        assertEquals(5, controller.leds());
        assertEquals(List.of(0xfa), readAll().subList(0, 1));
    }

    @Test
    void aKeyboardThatIsHeldBackKeepsItsBytes() {
        command.writeByte(0, 0xad);
        controller.key(A1, false, true);
        assertEquals(List.of(), readAll());

        command.writeByte(0, 0xae);

        assertEquals(List.of(A1), readAll());
    }

    @Test
    void keysThatNobodyReadsAreLostInWhole() {
        writeMode(0);
        for (int i = 0; i < 1000; i++) {
            controller.key(0x48, true, i % 2 == 0);
        }

        List<Integer> read = readAll();

        assertTrue(read.size() > 40 && read.size() < 100);
        assertEquals(0x75, read.getLast());
    }

    @Test
    void theMouseAnswersThroughItsOwnInterrupt() {
        toMouse(0xff);

        assertTrue(irq12.high());
        assertFalse(irq1.high());
        assertEquals(I8042.STATUS_AUX, command.readByte(0) & I8042.STATUS_AUX);
        assertEquals(List.of(0xfa, 0xaa, 0x00), readAll());
    }

    @Test
    void theKnockOfThreeRatesTurnsTheWheelOn() {
        toMouse(0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf2);
        assertEquals(3, readAll().getLast());
        toMouse(0xf4);
        readAll();

        controller.mouse(-3, 5, 1, 1);

        assertEquals(List.of(8 | 1 | 0x10, 0xfd, 5, 1), readAll());
    }

    @Test
    void theAuxiliaryLoopGivesBackWhatIsWrittenToIt() {
        command.writeByte(0, 0xd3);
        data.writeByte(0, 0x5a);

        assertTrue(irq12.high());
        assertEquals(List.of(0x5a), readAll());
    }

    @Test
    void pulsingTheResetLineResets() {
        command.writeByte(0, 0xff);
        assertEquals(List.of(), resets);

        command.writeByte(0, 0xfe);

        assertEquals(List.of(ResetKind.HARD), resets);
    }

    @Test
    void theOutputPortDrivesTheA20Gate() {
        assertTrue(a20.high());
        command.writeByte(0, 0xd1);
        data.writeByte(0, 0xdd);
        assertFalse(a20.high());

        command.writeByte(0, 0xd1);
        data.writeByte(0, 0xdf);

        assertTrue(a20.high());
        command.writeByte(0, 0xd0);
        assertEquals(I8042.OUTPUT_A20, readAll().getFirst() & I8042.OUTPUT_A20);
    }

    @Test
    void aHeldKeyRepeatsByTheMachinesClock() {
        writeMode(I8042.MODE_KEYBOARD_INTERRUPT);
        controller.key(A1, false, true);
        assertEquals(List.of(A2), readAll());
        irq1.takeEdges();

        clock.advance(500_000_000);

        assertTrue(irq1.high());
        assertEquals(List.of(A2), readAll());
        clock.advance(100_000_000);
        assertEquals(List.of(A2), readAll());
        controller.key(A1, false, false);
        assertEquals(List.of(0xf0, A2), readAll());
        assertEquals(Long.MAX_VALUE, clock.nextDeadline());
    }

    @Test
    void aLoadedKeyboardGoesOnRepeating() {
        writeMode(I8042.MODE_KEYBOARD_INTERRUPT);
        controller.key(A1, false, true);
        readAll();
        I8042.State saved = controller.save();
        controller.reset();
        assertEquals(Long.MAX_VALUE, clock.nextDeadline());

        controller.load(saved);
        clock.advance(500_000_000);

        assertEquals(List.of(A2), readAll());
    }

    @Test
    void aPasswordIsSwallowed() {
        command.writeByte(0, 0xa5);
        for (int b : new int[] {0x1e, 0xff, 0x30, 0}) {
            data.writeByte(0, b);
        }
        assertEquals(List.of(), readAll());

        writeMode(0);
        data.writeByte(0, 0xee);

        assertEquals(List.of(0xee), readAll());
    }

    @Test
    void memoryKeepsWhatIsWritten() {
        command.writeByte(0, 0x65);
        data.writeByte(0, 0x99);
        command.writeByte(0, 0x25);

        assertEquals(List.of(0x99), readAll());
    }
}
