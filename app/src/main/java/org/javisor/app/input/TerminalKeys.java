// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.input;

import java.util.ArrayList;
import java.util.List;

/// What a person's terminal sends, as keys of a US keyboard. What such a keyboard has not is left out.
///
/// A terminal sends the Escape key and the beginning of other keys alike; it is the Escape key if nothing follows at
/// once.
///
/// @ecma ECMA-48 "Control Functions for Coded Character Sets", and what xterm makes of its function keys
public final class TerminalKeys {
    private static final int ESCAPE = 0x1b, DELETE = 0x7f;
    private static final int KEY_ESCAPE = 0x01, KEY_BACKSPACE = 0x0e, KEY_TAB = 0x0f, KEY_ENTER = 0x1c, KEY_F1 = 0x3b,
            KEY_2 = 0x03;
    private static final int[] F11_F12 = {0x57, 0x58};
    /// Final letters from A on: up, down, right, left, the keypad's middle, End, Home.
    private static final int[] LETTERS = {0xc8, 0xd0, 0xcd, 0xcb, 0x4c, 0xcf, 0, 0xc7};
    /// Numbers before a tilde from 1 on: Home, Insert, Delete, End, Page Up, Page Down, Home, End.
    private static final int[] NUMBERS = {0xc7, 0xd2, 0xd3, 0xcf, 0xc9, 0xd1, 0xc7, 0xcf};
    /// Numbers before a tilde from 11 on; gaps are historical.
    private static final int[] F_NUMBERS = {1, 2, 3, 4, 5, 0, 6, 7, 8, 9, 10, 0, 11, 12};

    private final byte[] bytes;
    private final int count;
    private final List<Stroke> strokes = new ArrayList<>();
    private int at;

    private TerminalKeys(byte[] bytes, int count) {
        this.bytes = bytes;
        this.count = count;
    }

    /// The keys in the first `count` bytes of what came at once.
    public static List<Stroke> read(byte[] bytes, int count) {
        TerminalKeys keys = new TerminalKeys(bytes, count);
        while (keys.at < count) {
            keys.next(false);
        }
        return keys.strokes;
    }

    private void next(boolean alt) {
        int b = bytes[at++] & 0xff;
        if (b == ESCAPE) {
            escape(alt);
        } else if (b == DELETE) {
            strokes.add(new Stroke(KEY_BACKSPACE, false, false, alt));
        } else if (b >= ' ' && b < DELETE) {
            strokes.add(new Stroke(Keysyms.code(b), Keysyms.shifted(b), false, alt));
        } else if (b < ' ') {
            control(b, alt);
        }
    }

    private void control(int b, boolean alt) {
        switch (b) {
            case '\t' -> strokes.add(new Stroke(KEY_TAB, false, false, alt));
            case '\r' -> strokes.add(new Stroke(KEY_ENTER, false, false, alt));
            case 0 -> strokes.add(new Stroke(KEY_2, false, true, alt));
            // Letters, and behind them [ \ ] ^ _ of which the last two are on 6 and minus with Shift.
            default -> strokes.add(new Stroke(Keysyms.code(b + 0x40), b >= 0x1e, true, alt));
        }
    }

    private void escape(boolean alt) {
        if (at == count) {
            strokes.add(new Stroke(KEY_ESCAPE, false, false, alt));
        } else if (bytes[at] == '[' && at + 1 < count) {
            at++;
            sequence();
        } else if (bytes[at] == 'O' && at + 1 < count) {
            at++;
            named(bytes[at++], 1, 1);
        } else {
            next(true);
        }
    }

    /// Numbers, then what they are about.
    private void sequence() {
        if (bytes[at] == '[' && at + 1 < count) {
            // Linux's own for F1 to F5.
            function(bytes[at + 1] - 'A' + 1, 1);
            at += 2;
            return;
        }
        int[] numbers = {0, 0};
        int which = 0;
        while (at < count && (bytes[at] >= '0' && bytes[at] <= '9' || bytes[at] == ';')) {
            if (bytes[at] == ';') {
                which = 1;
            } else {
                numbers[which] = Math.min(numbers[which] * 10 + bytes[at] - '0', 1000);
            }
            at++;
        }
        if (at < count) {
            named(bytes[at++], numbers[0], Math.max(1, numbers[1]));
        }
    }

    /// @param modifiers 1, and more by 1 with Shift, by 2 with Alt, by 4 with Ctrl
    private void named(int last, int number, int modifiers) {
        if (last == 'Z') {
            strokes.add(new Stroke(KEY_TAB, true, false, false));
        } else if (last >= 'P' && last <= 'S') {
            function(last - 'P' + 1, modifiers);
        } else if (last >= 'A' && last < 'A' + LETTERS.length) {
            press(LETTERS[last - 'A'], modifiers);
        } else if (last == '~' && number >= 1 && number <= NUMBERS.length) {
            press(NUMBERS[number - 1], modifiers);
        } else if (last == '~' && number > 10 && number <= 10 + F_NUMBERS.length) {
            function(F_NUMBERS[number - 11], modifiers);
        }
    }

    private void function(int number, int modifiers) {
        if (number >= 1 && number <= 12) {
            press(number > 10 ? F11_F12[number - 11] : KEY_F1 + number - 1, modifiers);
        }
    }

    private void press(int code, int modifiers) {
        if (code != 0) {
            int held = modifiers - 1;
            strokes.add(new Stroke(code, (held & 1) != 0, (held & 4) != 0, (held & 2) != 0));
        }
    }
}
