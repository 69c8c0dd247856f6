// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

/// Everything a PS/2 keyboard remembers.
///
/// @param set       of scan codes, 1 to 3
/// @param leds      scroll lock, num lock and caps lock in bits 0 to 2
/// @param rate      how held keys repeat, as the command that sets it has it
/// @param command   the command whose parameter byte is awaited, or 0
/// @param types     for each code of set 3: whether its release is told (1) and whether it repeats (2)
/// @param held      the keys that are down, a bit each
/// @param repeating the key that repeats, or -1
/// @param repeatAt  when it does next, by the machine's clock
/// @param bytes     on their way to the controller
/// @param last      the byte that came last
public record Ps2KeyboardState(boolean scanning, int set, int leds, int rate, int command, byte[] types, long[] held,
        int repeating, long repeatAt, int[] bytes, int last) {
    static final int CODES = 256, HELD_WORDS = 4;

    public Ps2KeyboardState {
        if (set < 1 || set > 3 || (leds & ~7) != 0 || (rate & ~0x7f) != 0 || (command & ~0xff) != 0
                || types.length != CODES || held.length != HELD_WORDS || repeating < -1 || repeating >= CODES
                || bytes.length > Ps2Keyboard.CAPACITY || (last & ~0xff) != 0) {
            throw new IllegalArgumentException("keyboard state");
        }
        for (byte type : types) {
            if ((type & ~3) != 0) {
                throw new IllegalArgumentException("keyboard state with a key of type " + type);
            }
        }
        types = types.clone();
        held = held.clone();
        bytes = bytes.clone();
    }
}
