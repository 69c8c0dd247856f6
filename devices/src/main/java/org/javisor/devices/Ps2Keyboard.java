// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.javisor.devices.Ps2Device.ACK;
import static org.javisor.devices.Ps2Device.RESEND;
import static org.javisor.devices.Ps2Device.SELF_TEST_PASSED;

/// A keyboard with 101 keys, as the keyboard controller's [I8042] sees it. It knows scan code sets 1 and 2;
/// like many, not set 3.
///
/// Guarded by the controller's lock.
///
/// @datasheet IBM Personal System/2 "Keyboards (101- and 102-Key)"
final class Ps2Keyboard {
    private static final int SET_LEDS = 0xed, ECHO = 0xee, SCAN_CODE_SET = 0xf0, IDENTIFY = 0xf2,
            SET_RATE = 0xf3, ENABLE = 0xf4, DISABLE = 0xf5, DEFAULTS = 0xf6, ALL_TYPEMATIC = 0xf7,
            ALL_ALL = 0xfa, RESEND_LAST = 0xfe, RESET = 0xff;
    private static final int DEFAULT_RATE = 0x2b;
    /// IBM's first PS/2 keyboards had room for sixteen bytes; more lets a person type ahead of a slow guest.
    private static final int CAPACITY = 64;

    private final Ps2Device port = new Ps2Device(CAPACITY);
    private boolean scanning;
    private int set;
    private int leds;
    private int rate;
    private int command;

    Ps2Keyboard() {
        powerOn();
    }

    /// As after its self-test. Its greeting of a passed test is left out: by the time that a guest looks,
    /// firmware would have taken it.
    void powerOn() {
        port.clear();
        leds = 0;
        command = 0;
        defaults();
    }

    private void defaults() {
        scanning = true;
        set = 2;
        rate = DEFAULT_RATE;
    }

    Ps2Device port() {
        return port;
    }

    /// Scroll lock, num lock and caps lock in bits 0 to 2.
    int leds() {
        return leds;
    }

    /// A key goes down or up.
    ///
    /// @param set1     its make code in scan code set 1, as keyboards' users count keys
    /// @param extended whether the code is prefixed by 0xe0
    void key(int set1, boolean extended, boolean down) {
        int code = set == 1 ? set1 & 0x7f : ScanCodes.set2(set1);
        if (!scanning || code == 0 || !port.hasRoom(3)) {
            return;
        }
        if (extended) {
            port.send(ScanCodes.EXTENDED);
        }
        if (set == 1) {
            port.send(down ? code : code | 0x80);
        } else if (down) {
            port.send(code);
        } else {
            port.send(ScanCodes.RELEASE, code);
        }
    }

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
            case SET_LEDS, SCAN_CODE_SET, SET_RATE -> {
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
                scanning = b == DEFAULTS;
                port.send(ACK);
            }
            case RESEND_LAST -> port.send(port.last());
            case RESET -> {
                powerOn();
                port.send(ACK, SELF_TEST_PASSED);
            }
            default -> port.send(b >= ALL_TYPEMATIC && b <= ALL_ALL ? ACK : RESEND);
        }
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
            default -> chooseSet(b);
        }
    }

    private void chooseSet(int b) {
        if (b == 0) {
            port.send(ACK, set);
        } else if (b <= 2) {
            set = b;
            port.send(ACK);
        } else {
            port.send(RESEND);
        }
    }

    I8042.KeyboardState save() {
        return new I8042.KeyboardState(scanning, set, leds, rate, command, port.toArray());
    }

    void load(I8042.KeyboardState state) {
        scanning = state.scanning();
        set = state.set();
        leds = state.leds();
        rate = state.rate();
        command = state.command();
        port.load(state.bytes());
    }
}
