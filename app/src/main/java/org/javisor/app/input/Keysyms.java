// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.input;

import java.util.HashMap;
import java.util.Map;

/// X's names of keys to places on a US keyboard, as make codes of scan code set 1.
///
/// @x11 X Window System Protocol, appendix A "KEYSYM Encoding"
final class Keysyms {
    /// Set in a code whose key is prefixed by 0xe0.
    static final int EXTENDED = 0x80;

    private static final String SHIFTED = "~!@#$%^&*()_+{}:\"<>?|";
    private static final Map<Integer, Integer> CODES = new HashMap<>();

    static {
        row("`1234567890-=", 0x29, 0x02);
        row("~!@#$%^&*()_+", 0x29, 0x02);
        row("qwertyuiop[]", 0x10, 0x11);
        row("QWERTYUIOP{}", 0x10, 0x11);
        row("asdfghjkl;'", 0x1e, 0x1f);
        row("ASDFGHJKL:\"", 0x1e, 0x1f);
        row("zxcvbnm,./", 0x2c, 0x2d);
        row("ZXCVBNM<>?", 0x2c, 0x2d);
        row("\\", 0x2b, 0);
        row("|", 0x2b, 0);
        row(" ", 0x39, 0);
        int[][] others = {
            {0xff08, 0x0e}, {0xff09, 0x0f}, {0xfe20, 0x0f}, {0xff0d, 0x1c}, {0xff1b, 0x01}, {0xff13, 0xc6},
            {0xff14, 0x46}, {0xff50, 0xc7}, {0xff51, 0xcb}, {0xff52, 0xc8}, {0xff53, 0xcd}, {0xff54, 0xd0},
            {0xff55, 0xc9}, {0xff56, 0xd1}, {0xff57, 0xcf}, {0xff61, 0xb7}, {0xff63, 0xd2}, {0xff67, 0xdd},
            {0xff7f, 0x45}, {0xff8d, 0x9c}, {0xffaa, 0x37}, {0xffab, 0x4e}, {0xffad, 0x4a}, {0xffae, 0x53},
            {0xffaf, 0xb5}, {0xff95, 0x47}, {0xff96, 0x4b}, {0xff97, 0x48}, {0xff98, 0x4d}, {0xff99, 0x50},
            {0xff9a, 0x49}, {0xff9b, 0x51}, {0xff9c, 0x4f}, {0xff9d, 0x4c}, {0xff9e, 0x52}, {0xff9f, 0x53},
            {0xffb0, 0x52}, {0xffb1, 0x4f}, {0xffb2, 0x50}, {0xffb3, 0x51}, {0xffb4, 0x4b}, {0xffb5, 0x4c},
            {0xffb6, 0x4d}, {0xffb7, 0x47}, {0xffb8, 0x48}, {0xffb9, 0x49}, {0xffe1, 0x2a}, {0xffe2, 0x36},
            {0xffe3, 0x1d}, {0xffe4, 0x9d}, {0xffe5, 0x3a}, {0xffe9, 0x38}, {0xffea, 0xb8}, {0xfe03, 0xb8},
            {0xffeb, 0xdb}, {0xffec, 0xdc}, {0xffff, 0xd3}, {0xff15, 0x54}, {0xffc8, 0x57}, {0xffc9, 0x58}};
        for (int[] key : others) {
            CODES.put(key[0], key[1]);
        }
        for (int n = 0; n < 10; n++) {
            CODES.put(0xffbe + n, 0x3b + n);
        }
    }

    private Keysyms() { }

    /// Keys side by side: the first has `first`, the others follow from `second` on.
    private static void row(String keys, int first, int second) {
        for (int n = 0; n < keys.length(); n++) {
            CODES.put((int) keys.charAt(n), n == 0 ? first : second + n - 1);
        }
    }

    /// Whether it is a character that a US keyboard has.
    static boolean printable(int keysym) {
        return keysym >= ' ' && keysym < 0x7f;
    }

    /// Whether a US keyboard has it on a key with Shift.
    static boolean shifted(int keysym) {
        return SHIFTED.indexOf(keysym) >= 0 || keysym >= 'A' && keysym <= 'Z';
    }

    /// The make code, with [#EXTENDED] perhaps; 0 for a key that there is not.
    static int code(int keysym) {
        return CODES.getOrDefault(keysym, 0);
    }
}
