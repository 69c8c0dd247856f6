// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.javisor.devices.Ps2Device.ACK;
import static org.javisor.devices.Ps2Device.RESEND;
import static org.javisor.devices.Ps2Device.SELF_TEST_PASSED;

/// A mouse with three buttons, and a wheel once the host has asked for one by the sample rates 200, 100, 80.
///
/// Guarded by the controller's lock.
///
/// @datasheet IBM Personal System/2 "Mouse"
final class Ps2Mouse {
    private static final int SCALE_1_1 = 0xe6, SCALE_2_1 = 0xe7, SET_RESOLUTION = 0xe8, STATUS = 0xe9,
            STREAM = 0xea, READ_DATA = 0xeb, RESET_WRAP = 0xec, WRAP = 0xee, REMOTE = 0xf0, IDENTIFY = 0xf2,
            SET_RATE = 0xf3, ENABLE = 0xf4, DISABLE = 0xf5, DEFAULTS = 0xf6, RESEND_LAST = 0xfe, RESET = 0xff;
    private static final int CAPACITY = 64;
    private static final int PACKET_ALWAYS = 8, X_SIGN = 0x10, Y_SIGN = 0x20;
    /// The last three sample rates, a byte each, that turn the wheel on.
    private static final int WHEEL_KNOCK = 200 << 16 | 100 << 8 | 80;

    private final Ps2Device port = new Ps2Device(CAPACITY);
    private boolean reporting;
    private boolean remote;
    private boolean wrap;
    private boolean scale;
    private boolean wheel;
    private int resolution;
    private int rates;
    private int command;
    private int buttons;

    Ps2Mouse() {
        powerOn();
    }

    void powerOn() {
        port.clear();
        wrap = false;
        wheel = false;
        command = 0;
        buttons = 0;
        defaults();
    }

    private void defaults() {
        reporting = false;
        remote = false;
        scale = false;
        resolution = 2;
        rates = 100;
    }

    Ps2Device port() {
        return port;
    }

    /// The mouse moves, counted right and up, or its wheel turns toward its user, or buttons change.
    ///
    /// @param newButtons left, right and middle in bits 0 to 2
    void move(int dx, int dy, int dz, int newButtons) {
        buttons = newButtons & 7;
        if (reporting && !remote && !wrap && port.hasRoom(4)) {
            sendPacket(clamp(dx), clamp(dy), Math.clamp(dz, -8, 7));
        }
    }

    private static int clamp(int delta) {
        return Math.clamp(delta, -255, 255);
    }

    private void sendPacket(int dx, int dy, int dz) {
        port.send(PACKET_ALWAYS | buttons | (dx < 0 ? X_SIGN : 0) | (dy < 0 ? Y_SIGN : 0), dx & 0xff,
                dy & 0xff);
        if (wheel) {
            port.send(dz & 0xff);
        }
    }

    /// A byte from the controller.
    void command(int b) {
        int awaited = command;
        command = 0;
        if (awaited != 0) {
            parameter(awaited, b);
        } else if (wrap && b != RESET && b != RESET_WRAP) {
            port.send(b);
        } else {
            execute(b);
        }
    }

    private void execute(int b) {
        if (b != RESEND_LAST) {
            port.clear();
            port.send(ACK);
        }
        switch (b) {
            case SCALE_1_1, SCALE_2_1 -> scale = b == SCALE_2_1;
            case SET_RESOLUTION, SET_RATE -> command = b;
            case STATUS -> sendStatus();
            case STREAM, REMOTE -> remote = b == REMOTE;
            case READ_DATA -> sendPacket(0, 0, 0);
            case RESET_WRAP, WRAP -> wrap = b == WRAP;
            case IDENTIFY -> port.send(wheel ? 3 : 0);
            case ENABLE, DISABLE -> reporting = b == ENABLE;
            case DEFAULTS -> defaults();
            case RESEND_LAST -> port.send(port.last());
            case RESET -> {
                powerOn();
                port.send(ACK, SELF_TEST_PASSED, 0);
            }
            default -> {
                port.clear();
                port.send(RESEND);
            }
        }
    }

    private void sendStatus() {
        int first = (remote ? 0x40 : 0) | (reporting ? 0x20 : 0) | (scale ? 0x10 : 0)
                | (buttons & 1) << 2 | (buttons & 4) >>> 1 | (buttons & 2) >>> 1;
        port.send(first, resolution, rates & 0xff);
    }

    private void parameter(int awaited, int b) {
        if (awaited == SET_RESOLUTION) {
            resolution = b & 3;
        } else {
            rates = (rates << 8 | b) & 0xff_ffff;
            wheel |= rates == WHEEL_KNOCK;
        }
        port.send(ACK);
    }

    I8042.MouseState save() {
        return new I8042.MouseState(reporting, remote, wrap, scale, wheel, resolution, rates, command,
                buttons,
                port.toArray());
    }

    void load(I8042.MouseState state) {
        reporting = state.reporting();
        remote = state.remote();
        wrap = state.wrap();
        scale = state.scale();
        wheel = state.wheel();
        resolution = state.resolution();
        rates = state.rates();
        command = state.command();
        buttons = state.buttons();
        port.load(state.bytes());
    }
}
