// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.input;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TerminalKeysTest {
    private static List<Stroke> keys(String typed) {
        byte[] bytes = typed.getBytes(StandardCharsets.UTF_8);
        return TerminalKeys.read(bytes, bytes.length);
    }

    private static Stroke plain(int code) {
        return new Stroke(code, false, false, false);
    }

    @Test
    void charactersAreKeysWithShiftWhereItIsNeeded() {
        assertEquals(List.of(plain(0x1e), new Stroke(0x1e, true, false, false), plain(0x35),
                new Stroke(0x35, true, false, false), plain(0x39)), keys("aA/? "));
    }

    @Test
    void controlCharactersAreKeysWithCtrlOrKeysOfTheirOwn() {
        assertEquals(List.of(new Stroke(0x2e, false, true, false), plain(0x0f), plain(0x1c), plain(0x0e)),
                keys("\u0003\t\r\u007f"));
    }

    @Test
    void cursorAndFunctionKeysComeAsSequences() {
        assertEquals(List.of(plain(0xc8), plain(0xcb), plain(0xc7), plain(0xd3), plain(0xc9)),
                keys("\033[A\033OD\033[H\033[3~\033[5~"));
        assertEquals(List.of(plain(0x3b), plain(0x3f), plain(0x40), plain(0x44), plain(0x57), plain(0x58)),
                keys("\033OP\033[15~\033[17~\033[21~\033[23~\033[24~"));
        assertEquals(List.of(plain(0x3b), plain(0x3f)), keys("\033[[A\033[[E"));
    }

    @Test
    void modifiersComeInTheSequence() {
        assertEquals(List.of(new Stroke(0xcd, false, true, false), new Stroke(0x3c, true, false, true)),
                keys("\033[1;5C\033[1;4Q"));
        assertEquals(List.of(new Stroke(0x0f, true, false, false)), keys("\033[Z"));
    }

    @Test
    void escapeAloneIsTheKeyAndBeforeACharacterItIsAlt() {
        assertEquals(List.of(plain(0x01)), keys("\033"));
        assertEquals(List.of(new Stroke(0x21, false, false, true)), keys("\033f"));
        assertEquals(List.of(new Stroke(0x01, false, false, true)), keys("\033\033"));
    }

    @Test
    void whatNoUsKeyboardHasIsLeftOut() {
        assertEquals(List.of(plain(0x1e)), keys("\u00e4\u20aca"));
    }

    @Test
    void anyBytesAreTaken() {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("TerminalKeysTest seed " + seed);
        Random random = new Random(seed);
        String often = "\033[O;~1259AZ";
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = new byte[random.nextInt(12)];
            for (int n = 0; n < bytes.length; n++) {
                int likely = often.charAt(random.nextInt(often.length()));
                bytes[n] = (byte) (random.nextBoolean() ? likely : random.nextInt());
            }
            for (Stroke stroke : TerminalKeys.read(bytes, bytes.length)) {
                assertEquals(stroke.code() & 0xff, stroke.code());
                assertEquals(false, (stroke.code() & 0x7f) == 0, "a key without a code");
            }
        }
    }
}
