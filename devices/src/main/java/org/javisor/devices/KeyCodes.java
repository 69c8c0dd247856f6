// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.javisor.devices.ScanCodes.EXTENDED;
import static org.javisor.devices.ScanCodes.RELEASE;

import java.util.Arrays;
import java.util.function.IntPredicate;

/// What a keyboard sends for a key, in each scan code set.
///
/// A key is its make code of set 1, plus [#PREFIXED] if that comes behind 0xe0. Two are special in sets 1 and 2: Pause
/// is a sequence that is only sent when it goes down, and Print Screen depends on what else is held.
///
/// @datasheet IBM Personal System/2 "Keyboards (101- and 102-Key)"
final class KeyCodes {
    static final int PREFIXED = 0x80;
    /// What Pause is with Ctrl, in set 1.
    static final int PAUSE = PREFIXED | 0x46;
    private static final int PRINT = PREFIXED | 0x37, SYS_RQ = 0x54;
    private static final int CTRL = 0x1d, RIGHT_CTRL = PREFIXED | CTRL, SHIFT = 0x2a, RIGHT_SHIFT = 0x36, ALT = 0x38,
            RIGHT_ALT = PREFIXED | ALT;
    private static final int PAUSE_PREFIX = 0xe1, NUM_LOCK = 0x45;

    /// Set 3 for each key that is not prefixed.
    private static final int[] SET_3 = {
            0x00, 0x08, 0x16, 0x1e, 0x26, 0x25, 0x2e, 0x36, 0x3d, 0x3e, 0x46, 0x45, 0x4e, 0x55, 0x66, 0x0d,
            0x15, 0x1d, 0x24, 0x2d, 0x2c, 0x35, 0x3c, 0x43, 0x44, 0x4d, 0x54, 0x5b, 0x5a, 0x11, 0x1c, 0x1b,
            0x23, 0x2b, 0x34, 0x33, 0x3b, 0x42, 0x4b, 0x4c, 0x52, 0x0e, 0x12, 0x5c, 0x1a, 0x22, 0x21, 0x2a,
            0x32, 0x31, 0x3a, 0x41, 0x49, 0x4a, 0x59, 0x7e, 0x19, 0x29, 0x14, 0x07, 0x0f, 0x17, 0x1f, 0x27,
            0x2f, 0x37, 0x3f, 0x47, 0x4f, 0x76, 0x5f, 0x6c, 0x75, 0x7d, 0x84, 0x6b, 0x73, 0x74, 0x7c, 0x69,
            0x72, 0x7a, 0x70, 0x71, 0x57, 0x00, 0x13, 0x56, 0x5e};

    private KeyCodes() { }

    /// @return 0 for what is no key
    static int key(int set1, boolean prefixed) {
        int code = set1 & 0x7f;
        if (code == SYS_RQ) {
            // The same key as Print Screen.
            return PRINT;
        }
        return code == 0 ? 0 : prefixed ? code | PREFIXED : code;
    }

    /// The code of set 3; 0 for keys that it has not.
    static int set3(int key) {
        return switch (key) {
            case PREFIXED | 0x1c -> 0x79;       // the keypad's Enter
            case RIGHT_CTRL -> 0x58;
            case PREFIXED | 0x35 -> 0x77;       // the keypad's slash
            case PRINT -> 0x57;
            case RIGHT_ALT -> 0x39;
            case PAUSE -> 0x62;
            case PREFIXED | 0x47 -> 0x6e;       // Home, up, Page Up
            case PREFIXED | 0x48 -> 0x63;
            case PREFIXED | 0x49 -> 0x6f;
            case PREFIXED | 0x4b -> 0x61;       // left, right
            case PREFIXED | 0x4d -> 0x6a;
            case PREFIXED | 0x4f -> 0x65;       // End, down, Page Down
            case PREFIXED | 0x50 -> 0x60;
            case PREFIXED | 0x51 -> 0x6d;
            case PREFIXED | 0x52 -> 0x67;       // Insert, Delete
            case PREFIXED | 0x53 -> 0x64;
            case PREFIXED | 0x5b -> 0x8b;       // Windows, Windows, menu
            case PREFIXED | 0x5c -> 0x8c;
            case PREFIXED | 0x5d -> 0x8d;
            default -> key < SET_3.length ? SET_3[key] : 0;
        };
    }

    /// What is sent when a key goes down.
    ///
    /// @param held which keys are down
    static int[] make(int key, int set, IntPredicate held) {
        if (set == 3) {
            int code = set3(key);
            return code == 0 ? new int[0] : new int[] {code};
        }
        if (key == PAUSE) {
            return pause(set, held);
        }
        if (key == PRINT && alt(held)) {
            return new int[] {code(SYS_RQ, set)};
        }
        int[] plain = plain(key, set);
        // The Shift around it tells it from the keypad's asterisk.
        return key == PRINT && !shiftOrCtrl(held) ? joined(plain(PREFIXED | SHIFT, set), plain) : plain;
    }

    /// What is sent while it is held.
    static int[] again(int key, int set) {
        return set == 3 ? make(key, set, _ -> false) : plain(key, set);
    }

    /// What is sent when a key goes up.
    static int[] release(int key, int set, IntPredicate held) {
        if (set == 3) {
            int code = set3(key);
            return code == 0 ? new int[0] : new int[] {RELEASE, code};
        }
        if (key == PAUSE) {
            return new int[0];
        }
        if (key == PRINT && alt(held)) {
            return plainRelease(SYS_RQ, set);
        }
        int[] plain = plainRelease(key, set);
        return key == PRINT && !shiftOrCtrl(held) ? joined(plain, plainRelease(PREFIXED | SHIFT, set)) : plain;
    }

    private static boolean alt(IntPredicate held) {
        return held.test(ALT) || held.test(RIGHT_ALT);
    }

    private static boolean ctrl(IntPredicate held) {
        return held.test(CTRL) || held.test(RIGHT_CTRL);
    }

    private static boolean shiftOrCtrl(IntPredicate held) {
        return ctrl(held) || held.test(SHIFT) || held.test(RIGHT_SHIFT);
    }

    private static int[] pause(int set, IntPredicate held) {
        if (ctrl(held)) {
            return joined(plain(PAUSE, set), plainRelease(PAUSE, set));
        }
        int[] down = {PAUSE_PREFIX, code(CTRL, set), code(NUM_LOCK, set)};
        int[] up = set == 1 ? new int[] {PAUSE_PREFIX, CTRL | 0x80, NUM_LOCK | 0x80}
                : new int[] {PAUSE_PREFIX, RELEASE, code(CTRL, set), RELEASE, code(NUM_LOCK, set)};
        return joined(down, up);
    }

    private static int code(int key, int set) {
        return set == 1 ? key & 0x7f : ScanCodes.set2(key);
    }

    private static int[] plain(int key, int set) {
        int code = code(key, set);
        if (code == 0) {
            return new int[0];
        }
        return (key & PREFIXED) != 0 ? new int[] {EXTENDED, code} : new int[] {code};
    }

    private static int[] plainRelease(int key, int set) {
        int code = code(key, set);
        if (code == 0) {
            return new int[0];
        }
        int[] release = set == 1 ? new int[] {code | 0x80} : new int[] {RELEASE, code};
        return (key & PREFIXED) != 0 ? joined(new int[] {EXTENDED}, release) : release;
    }

    private static int[] joined(int[] first, int[] second) {
        int[] all = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }
}
