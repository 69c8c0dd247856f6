// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class Ps2KeyboardTest {
    private static final int A = 0x1e, CTRL = 0x1d, ALT = 0x38, SHIFT = 0x2a, UP = 0x48, PRINT = 0x37, PAUSE = 0x46;
    private static final long MILLIS = 1_000_000;

    private final Ps2Keyboard keyboard = new Ps2Keyboard();
    private long now;

    private List<Integer> sent() {
        List<Integer> sent = new ArrayList<>();
        while (!keyboard.port().isEmpty()) {
            sent.add(keyboard.port().take());
        }
        return sent;
    }

    private void press(int code) {
        assertTrue(keyboard.key(code, false, true, now));
    }

    private void release(int code) {
        assertTrue(keyboard.key(code, false, false, now));
    }

    private void pressPrefixed(int code) {
        assertTrue(keyboard.key(code, true, true, now));
    }

    private void releasePrefixed(int code) {
        assertTrue(keyboard.key(code, true, false, now));
    }

    private void command(int... bytes) {
        for (int b : bytes) {
            keyboard.command(b);
            assertEquals(0xfa, keyboard.port().take());
        }
    }

    private void pass(long millis) {
        now += millis * MILLIS;
        keyboard.repeat(now);
    }

    @Test
    void theSameKeyInEachSet() {
        press(A);
        release(A);
        assertEquals(List.of(0x1c, 0xf0, 0x1c), sent());
        command(0xf0, 1);
        press(A);
        release(A);
        assertEquals(List.of(0x1e, 0x9e), sent());
        command(0xf0, 3, 0xfa);
        press(A);
        release(A);
        pressPrefixed(UP);
        releasePrefixed(UP);
        assertEquals(List.of(0x1c, 0xf0, 0x1c, 0x63, 0xf0, 0x63), sent());
    }

    @Test
    void theSetIsToldWhenAskedFor() {
        command(0xf0);
        keyboard.command(0);
        assertEquals(List.of(0xfa, 2), sent());
        command(0xf0, 3, 0xf0);
        keyboard.command(0);
        assertEquals(List.of(0xfa, 3), sent());
        command(0xf0);
        keyboard.command(4);
        assertEquals(List.of(0xfe), sent());
    }

    @Test
    void everyKeyHasACodeOfItsOwnInSet3() {
        command(0xf0, 3);
        List<Integer> seen = new ArrayList<>();
        for (int key = 1; key <= 0x58; key++) {
            if (key == 0x54 || key == 0x55) {
                continue;
            }
            press(key);
            List<Integer> codes = sent();
            assertEquals(1, codes.size(), "key " + key);
            assertFalse(seen.contains(codes.getFirst()), "key " + key);
            seen.addAll(codes);
            release(key);
            sent();
        }
        for (int key : new int[] {0x1c, 0x1d, 0x35, 0x37, 0x38, 0x46, 0x47, 0x48, 0x49, 0x4b, 0x4d, 0x4f, 0x50, 0x51,
            0x52, 0x53, 0x5b, 0x5c, 0x5d}) {
            pressPrefixed(key);
            List<Integer> codes = sent();
            assertEquals(1, codes.size(), "key e0 " + key);
            assertFalse(seen.contains(codes.getFirst()), "key e0 " + key);
            seen.addAll(codes);
        }
    }

    @Test
    void inSet3KeysHaveTypes() {
        command(0xf0, 3);
        press(SHIFT);
        release(SHIFT);
        assertEquals(List.of(0x12, 0xf0, 0x12), sent(), "make and break");
        press(A);
        assertEquals(List.of(0x1c), sent());
        pass(501);
        release(A);
        assertEquals(List.of(0x1c), sent(), "typematic");
        press(1);
        pass(1000);
        release(1);
        assertEquals(List.of(0x08), sent(), "make only");

        command(0xfc, 0x1c, 0x08, 0xf4);
        press(A);
        pass(1000);
        release(A);
        press(1);
        release(1);
        assertEquals(List.of(0x1c, 0xf0, 0x1c, 0x08, 0xf0, 0x08), sent());
        command(0xf9);
        press(A);
        release(A);
        press(SHIFT);
        release(SHIFT);
        assertEquals(List.of(0x1c, 0x12), sent());
    }

    @Test
    void aHeldKeyRepeatsAfterADelay() {
        press(A);
        assertEquals(List.of(0x1c), sent());
        pass(499);
        assertEquals(List.of(), sent());
        pass(1);
        assertEquals(List.of(0x1c), sent());
        pass(91);
        assertEquals(List.of(), sent());
        pass(1);
        assertEquals(List.of(0x1c), sent());
        release(A);
        assertEquals(Ps2Keyboard.NEVER, keyboard.repeatAt());
        assertEquals(List.of(0xf0, 0x1c), sent());
    }

    @Test
    void theGuestChoosesDelayAndRate() {
        command(0xf3, 0x00);
        press(A);
        sent();
        pass(250);
        assertEquals(List.of(0x1c), sent());
        pass(34);
        assertEquals(List.of(0x1c), sent());
    }

    @Test
    void theKeyPressedLastRepeatsAndNoOther() {
        press(A);
        press(0x30);
        sent();
        pass(500);
        assertEquals(List.of(0x32), sent());
        release(A);
        sent();
        pass(100);
        assertEquals(List.of(0x32), sent());
        release(0x30);
        sent();
        pass(1000);
        assertEquals(List.of(), sent());
    }

    @Test
    void whatTheHostRepeatsIsNotPressedAgain() {
        press(A);
        press(A);
        release(A);
        release(A);

        assertEquals(List.of(0x1c, 0xf0, 0x1c), sent());
    }

    @Test
    void pauseIsAllSaidWhenItGoesDown() {
        pressPrefixed(PAUSE);
        assertEquals(List.of(0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77), sent());
        pass(1000);
        releasePrefixed(PAUSE);
        assertEquals(List.of(), sent());

        command(0xf0, 1);
        pressPrefixed(PAUSE);
        assertEquals(List.of(0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5), sent());
        releasePrefixed(PAUSE);
        press(CTRL);
        sent();
        pressPrefixed(PAUSE);
        assertEquals(List.of(0xe0, 0x46, 0xe0, 0xc6), sent());
    }

    @Test
    void printScreenDependsOnWhatElseIsHeld() {
        pressPrefixed(PRINT);
        releasePrefixed(PRINT);
        assertEquals(List.of(0xe0, 0x12, 0xe0, 0x7c, 0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12), sent());
        press(SHIFT);
        sent();
        pressPrefixed(PRINT);
        releasePrefixed(PRINT);
        assertEquals(List.of(0xe0, 0x7c, 0xe0, 0xf0, 0x7c), sent());
        release(SHIFT);
        press(ALT);
        sent();
        pressPrefixed(PRINT);
        releasePrefixed(PRINT);
        assertEquals(List.of(0x84, 0xf0, 0x84), sent());
    }

    @Test
    void aFullBufferRefusesKeysButNotTheirRelease() {
        List<Integer> held = new ArrayList<>();
        for (int key = 2; key < 0x44 && keyboard.key(key, false, true, now); key++) {
            held.add(key);
        }
        assertTrue(held.size() > 40 && held.size() < 0x42, held.size() + " keys");

        held.forEach(this::release);
        sent();

        assertTrue(keyboard.key(2, false, true, now));
    }

    @Test
    void defaultsKeepScanningAsItIsAndDisableStopsIt() {
        command(0xf5);
        press(A);
        release(A);
        command(0xf6);
        press(A);
        release(A);
        assertEquals(List.of(), sent());
        command(0xf4);
        press(A);
        assertEquals(List.of(0x1c), sent());
    }
}
