// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.javisor.devices.Ps2Device.ACK;
import static org.javisor.devices.Ps2Device.RESEND;
import static org.javisor.devices.Ps2Device.SELF_TEST_PASSED;

import java.util.Arrays;

/// A keyboard with 102 keys and the three of Windows, as the keyboard controller's [I8042] sees it: scan code sets 1 to
/// 3, keys that repeat while they are held, LEDs.
///
/// Left out: the codes of Shift that IBM's keyboards put around cursor keys while Num Lock or Shift is on, which no
/// driver wants.
///
/// Guarded by the controller's lock.
///
/// @datasheet IBM Personal System/2 "Keyboards (101- and 102-Key)"
final class Ps2Keyboard {
    /// When nothing repeats.
    static final long NEVER = Long.MAX_VALUE;

    private static final int SET_LEDS = 0xed, ECHO = 0xee, SCAN_CODE_SET = 0xf0, IDENTIFY = 0xf2,
            SET_RATE = 0xf3, ENABLE = 0xf4, DISABLE = 0xf5, DEFAULTS = 0xf6, ALL_TYPEMATIC = 0xf7,
            ALL_MAKE_BREAK = 0xf8, ALL_MAKE = 0xf9, ALL_ALL = 0xfa, KEY_TYPEMATIC = 0xfb, KEY_MAKE_BREAK = 0xfc,
            KEY_MAKE = 0xfd, RESEND_LAST = 0xfe, RESET = 0xff;
    private static final int DEFAULT_RATE = 0x2b;
    /// IBM's first PS/2 keyboards had room for sixteen bytes; more lets a person type ahead of a slow guest. The end
    /// is for releases, of as many keys as anybody holds: no key that was told to be down stays so.
    private static final int ROOM_FOR_MAKES = 64;
    static final int CAPACITY = ROOM_FOR_MAKES + 384;
    private static final int LONGEST = 8;

    private final Ps2Device port = new Ps2Device(CAPACITY);
    private boolean scanning;
    private int set;
    private int leds;
    private int rate;
    private int command;
    private final byte[] types = new byte[Ps2KeyboardState.CODES];
    private final long[] held = new long[Ps2KeyboardState.HELD_WORDS];
    private int repeating = -1;
    private long repeatAt = NEVER;

    Ps2Keyboard() {
        powerOn();
    }

    /// As after power-on, no key held. Its greeting of a passed test is left out: by the time that a guest looks,
    /// firmware would have taken it.
    void powerOn() {
        port.powerOn();
        Arrays.fill(held, 0);
        restart();
    }

    /// As after its self-test.
    private void restart() {
        port.clear();
        leds = 0;
        command = 0;
        scanning = true;
        defaults();
    }

    private void defaults() {
        set = 2;
        rate = DEFAULT_RATE;
        KeyTypes.defaults(types);
        stopRepeating();
    }

    Ps2Device port() {
        return port;
    }

    /// Scroll lock, num lock and caps lock in bits 0 to 2.
    int leds() {
        return leds;
    }

    // ---- keys ----

    /// A key goes down or up. One that is down already is the host repeating it, which this keyboard does itself.
    ///
    /// @param set1     its make code in scan code set 1, as keyboards' users count keys
    /// @param extended whether the code is prefixed by 0xe0
    /// @return false if there is no room for it
    boolean key(int set1, boolean extended, boolean down, long now) {
        int key = KeyCodes.key(set1, extended);
        if (key == 0 || down == isHeld(key)) {
            return true;
        }
        if (!port.hasRoom(LONGEST + (down ? CAPACITY - ROOM_FOR_MAKES : 0))) {
            return false;
        }
        if (scanning) {
            port.send(down ? KeyCodes.make(key, set, this::isHeld) : release(key));
        }
        held[key >> 6] ^= 1L << key;
        if (!down) {
            if (key == repeating) {
                stopRepeating();
            }
        } else if (scanning && repeats(key)) {
            repeating = key;
            repeatAt = now + delayNanos();
        } else {
            stopRepeating();
        }
        return true;
    }

    private boolean isHeld(int key) {
        return (held[key >> 6] >>> key & 1) != 0;
    }

    private int[] release(int key) {
        return set == 3 && (types[KeyCodes.set3(key)] & KeyTypes.BREAK) == 0 ? new int[0]
                : KeyCodes.release(key, set, this::isHeld);
    }

    private boolean repeats(int key) {
        return key != KeyCodes.PAUSE && (set != 3 || (types[KeyCodes.set3(key)] & KeyTypes.TYPEMATIC) != 0);
    }

    private void stopRepeating() {
        repeating = -1;
        repeatAt = NEVER;
    }

    /// When [#repeat] is to be called, or [#NEVER].
    long repeatAt() {
        return repeatAt;
    }

    /// Says again that the key is down, if it is time.
    void repeat(long now) {
        if (repeating < 0 || now < repeatAt) {
            return;
        }
        // A guest that does not keep up hears of it less often.
        if (scanning && port.isEmpty()) {
            port.send(KeyCodes.again(repeating, set));
        }
        repeatAt = now + periodNanos();
    }

    private long delayNanos() {
        return ((rate >> 5 & 3) + 1) * 250_000_000L;
    }

    private long periodNanos() {
        return (8 + (rate & 7)) * (1L << (rate >> 3 & 3)) * 4_170_000;
    }

    // ---- commands ----

    /// A byte from the controller.
    void command(int b) {
        int awaited = command;
        command = 0;
        // A command where a parameter is awaited ends the old one.
        if (awaited != 0 && b < SET_LEDS) {
            parameter(awaited, b);
            return;
        }
        if (b != RESEND_LAST) {
            port.clear();
        }
        switch (b) {
            case SET_LEDS, SCAN_CODE_SET, SET_RATE, KEY_TYPEMATIC, KEY_MAKE_BREAK, KEY_MAKE -> {
                command = b;
                port.send(ACK);
            }
            case ECHO -> port.send(ECHO);
            case IDENTIFY -> port.send(ACK, 0xab, 0x83);
            case ENABLE -> {
                scanning = true;
                port.send(ACK);
            }
            case DISABLE, DEFAULTS -> {
                defaults();
                scanning &= b == DEFAULTS;
                port.send(ACK);
            }
            case ALL_TYPEMATIC, ALL_MAKE_BREAK, ALL_MAKE, ALL_ALL -> {
                Arrays.fill(types, type(b));
                port.send(ACK);
            }
            case RESEND_LAST -> port.send(port.last());
            case RESET -> {
                restart();
                port.send(ACK, SELF_TEST_PASSED);
            }
            default -> port.send(RESEND);
        }
    }

    private static byte type(int command) {
        return (byte) switch (command) {
            case ALL_TYPEMATIC, KEY_TYPEMATIC -> KeyTypes.TYPEMATIC;
            case ALL_MAKE_BREAK, KEY_MAKE_BREAK -> KeyTypes.BREAK;
            case ALL_ALL -> KeyTypes.TYPEMATIC | KeyTypes.BREAK;
            default -> 0;
        };
    }

    private void parameter(int awaited, int b) {
        switch (awaited) {
            case SET_LEDS -> {
                leds = b & 7;
                port.send(ACK);
            }
            case SET_RATE -> {
                rate = b & 0x7f;
                port.send(ACK);
            }
            case SCAN_CODE_SET -> chooseSet(b);
            default -> {
                // One key after the other, until a command comes.
                types[b] = type(awaited);
                command = awaited;
                port.send(ACK);
            }
        }
    }

    private void chooseSet(int b) {
        if (b == 0) {
            port.send(ACK, set);
        } else if (b <= 3) {
            set = b;
            stopRepeating();
            port.send(ACK);
        } else {
            port.send(RESEND);
        }
    }

    Ps2KeyboardState save() {
        return new Ps2KeyboardState(scanning, set, leds, rate, command, types, held, repeating, repeatAt,
                port.toArray(), port.last());
    }

    void load(Ps2KeyboardState state) {
        scanning = state.scanning();
        set = state.set();
        leds = state.leds();
        rate = state.rate();
        command = state.command();
        System.arraycopy(state.types(), 0, types, 0, types.length);
        System.arraycopy(state.held(), 0, held, 0, held.length);
        repeating = state.repeating();
        repeatAt = repeating < 0 ? NEVER : state.repeatAt();
        port.load(state.bytes(), state.last());
    }
}
