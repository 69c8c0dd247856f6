// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.util.Arrays;

/// What keys do in scan code set 3, where each has a type of its own.
///
/// @datasheet IBM Personal System/2 "Keyboards (101- and 102-Key)", scan code set 3
final class KeyTypes {
    /// Its release is told.
    static final int BREAK = 1;
    /// It repeats while it is held.
    static final int TYPEMATIC = 2;

    /// Left Ctrl, left Shift, Caps Lock, left Alt, right Shift.
    private static final int[] MAKE_BREAK = {0x11, 0x12, 0x14, 0x19, 0x59};
    /// Escape and F keys; print, scroll lock, pause; Insert, Home, Page Up, End, Page Down; right Alt and Ctrl; the
    /// keypad but for its plus; the keys of Windows.
    private static final int[] MAKE_ONLY = {
        0x08, 0x07, 0x0f, 0x17, 0x1f, 0x27, 0x2f, 0x37, 0x3f, 0x47, 0x4f, 0x56, 0x5e, 0x57, 0x5f, 0x62,
        0x67, 0x6e, 0x6f, 0x65, 0x6d, 0x39, 0x58, 0x76, 0x77, 0x7e, 0x84, 0x6c, 0x75, 0x7d, 0x6b, 0x73,
        0x74, 0x69, 0x72, 0x7a, 0x70, 0x71, 0x79, 0x8b, 0x8c, 0x8d};

    private KeyTypes() { }

    static void defaults(byte[] types) {
        Arrays.fill(types, (byte) TYPEMATIC);
        for (int code : MAKE_BREAK) {
            types[code] = BREAK;
        }
        for (int code : MAKE_ONLY) {
            types[code] = 0;
        }
    }
}
