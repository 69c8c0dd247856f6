// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.javisor.devices.Ps2Device.ACK;
import static org.javisor.devices.Ps2Device.RESEND;
import static org.javisor.devices.Ps2Device.SELF_TEST_PASSED;

/// A mouse with three buttons; with a wheel once the host has asked for one by the sample rates 200, 100, 80, and with
/// five buttons after 200, 200, 80 as well.
///
/// Movement that a packet has no room for comes with the next.
///
/// Guarded by the controller's lock.
///
/// @datasheet IBM Personal System/2 "Mouse"
final class Ps2Mouse {
    static final int CAPACITY = 64;

    private static final int SCALE_1_1 = 0xe6, SCALE_2_1 = 0xe7, SET_RESOLUTION = 0xe8, STATUS = 0xe9,
            STREAM = 0xea, READ_DATA = 0xeb, RESET_WRAP = 0xec, WRAP = 0xee, REMOTE = 0xf0, IDENTIFY = 0xf2,
            SET_RATE = 0xf3, ENABLE = 0xf4, DISABLE = 0xf5, DEFAULTS = 0xf6, RESEND_LAST = 0xfe, RESET = 0xff;
    private static final int PACKET_ALWAYS = 8, X_SIGN = 0x10, Y_SIGN = 0x20;
    private static final int PLAIN = 0, WHEEL = 3, FIVE_BUTTONS = 4;
    /// The last three sample rates, a byte each.
    private static final int WHEEL_KNOCK = 200 << 16 | 100 << 8 | 80, BUTTONS_KNOCK = 200 << 16 | 200 << 8 | 80;
    private static final int MOST = 255, MOST_WHEEL = 7, FARTHEST = 1 << 16;
    /// What movements of up to five counts become with scaling; longer ones are doubled.
    private static final int[] SCALED = {0, 1, 1, 3, 6, 9};

    private final Ps2Device port = new Ps2Device(CAPACITY);
    private boolean reporting;
    private boolean remote;
    private boolean wrap;
    private boolean scale;
    private int identity;
    private int resolution;
    private int rates;
    private int command;
    private int buttons;
    private int told;
    private int movedX;
    private int movedY;
    private int movedZ;

    Ps2Mouse() {
        powerOn();
    }

    void powerOn() {
        port.powerOn();
        buttons = 0;
        restart();
    }

    private void restart() {
        port.clear();
        wrap = false;
        identity = PLAIN;
        command = 0;
        defaults();
    }

    private void defaults() {
        reporting = false;
        remote = false;
        scale = false;
        resolution = 2;
        rates = 100;
        stand();
    }

    /// Forgets movement.
    private void stand() {
        movedX = 0;
        movedY = 0;
        movedZ = 0;
        told = buttons;
    }

    Ps2Device port() {
        return port;
    }

    /// The mouse moves, counted right and up, or its wheel turns toward its user, or buttons change.
    ///
    /// @param newButtons left, right, middle, back and forward in bits 0 to 4
    void move(int dx, int dy, int dz, int newButtons) {
        report();
        buttons = newButtons & 0x1f;
        if (!reporting && !remote) {
            stand();
            return;
        }
        movedX = Math.clamp((long) movedX + dx, -FARTHEST, FARTHEST);
        movedY = Math.clamp((long) movedY + dy, -FARTHEST, FARTHEST);
        movedZ = identity == PLAIN ? 0 : Math.clamp((long) movedZ + dz, -FARTHEST, FARTHEST);
        report();
    }

    /// Sends packets as long as there is something to say, and room.
    void report() {
        while (reporting && !remote && !wrap && port.hasRoom(4)
                && (movedX != 0 || movedY != 0 || movedZ != 0 || buttons != told)) {
            sendPacket(scale);
        }
    }

    private void sendPacket(boolean scaled) {
        int dx = Math.clamp(movedX, -MOST, MOST);
        int dy = Math.clamp(movedY, -MOST, MOST);
        int dz = Math.clamp(movedZ, -MOST_WHEEL, MOST_WHEEL);
        movedX -= dx;
        movedY -= dy;
        movedZ -= dz;
        told = buttons;
        int x = scaled ? scaled(dx) : dx;
        int y = scaled ? scaled(dy) : dy;
        port.send(PACKET_ALWAYS | buttons & 7 | (x < 0 ? X_SIGN : 0) | (y < 0 ? Y_SIGN : 0), x & 0xff, y & 0xff);
        if (identity == WHEEL) {
            port.send(dz & 0xff);
        } else if (identity == FIVE_BUTTONS) {
            port.send(dz & 0x0f | (buttons & 0x18) << 1);
        }
    }

    private static int scaled(int count) {
        int size = Math.abs(count);
        int scaled = size < SCALED.length ? SCALED[size] : Math.min(2 * size, MOST);
        return count < 0 ? -scaled : scaled;
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
            case STREAM, REMOTE -> {
                remote = b == REMOTE;
                stand();
            }
            case READ_DATA -> sendPacket(false);
            case RESET_WRAP, WRAP -> {
                wrap = b == WRAP;
                stand();
            }
            case IDENTIFY -> port.send(identity);
            case ENABLE, DISABLE -> {
                reporting = b == ENABLE;
                stand();
            }
            case DEFAULTS -> defaults();
            case RESEND_LAST -> port.send(port.last());
            case RESET -> {
                restart();
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
            if (rates == WHEEL_KNOCK && identity == PLAIN) {
                identity = WHEEL;
            } else if (rates == BUTTONS_KNOCK && identity == WHEEL) {
                identity = FIVE_BUTTONS;
            }
        }
        port.send(ACK);
    }

    Ps2MouseState save() {
        return new Ps2MouseState(reporting, remote, wrap, scale, identity, resolution, rates, command, buttons, told,
                movedX, movedY, movedZ, port.toArray(), port.last());
    }

    void load(Ps2MouseState state) {
        reporting = state.reporting();
        remote = state.remote();
        wrap = state.wrap();
        scale = state.scale();
        identity = state.identity();
        resolution = state.resolution();
        rates = state.rates();
        command = state.command();
        buttons = state.buttons();
        told = state.told();
        movedX = Math.clamp(state.dx(), -FARTHEST, FARTHEST);
        movedY = Math.clamp(state.dy(), -FARTHEST, FARTHEST);
        movedZ = Math.clamp(state.dz(), -FARTHEST, FARTHEST);
        port.load(state.bytes(), state.last());
    }
}
