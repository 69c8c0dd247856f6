// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import org.javisor.devices.usb.UsbTablet;
import org.javisor.machine.Machine;

/// What a client does with its pointer, done with the guest's tablet or mouse.
final class PointerInput {
    private static final int WHEEL_UP = 0x08, WHEEL_DOWN = 0x10, BACK = 0x80;
    /// What a client that moves relatively sends for no movement.
    private static final int NO_MOVEMENT = 0x7fff;

    private final Machine machine;
    private int x;
    private int y;
    private volatile boolean relative;
    /// The client's picture.
    private volatile int width;
    private volatile int height;

    PointerInput(Machine machine) {
        this.machine = machine;
    }

    /// Whether the guest has a tablet: then the client's pointer is where it says, and need not move relatively.
    boolean hasTablet() {
        return machine.hasTablet();
    }

    /// How large the client's picture is.
    void within(int newWidth, int newHeight) {
        width = newWidth;
        height = newHeight;
    }

    /// From now on positions are differences: the client has been told so.
    void relative() {
        relative = true;
    }

    /// @param mask of buttons: left, middle, right, wheel up, down, left, right, back
    void moved(int newX, int newY, int mask) {
        int wheel = (mask & WHEEL_UP) != 0 ? -1 : (mask & WHEEL_DOWN) != 0 ? 1 : 0;
        // Left, middle, right there; left, right, middle here, then back.
        int buttons = mask & 1 | (mask & 4) >> 1 | (mask & 2) << 1 | (mask & BACK) >> 4;
        if (machine.point(scaled(newX, width), scaled(newY, height), wheel, buttons & 7)) {
            x = newX;
            y = newY;
            return;
        }
        if (relative) {
            machine.mouse(newX - NO_MOVEMENT, NO_MOVEMENT - newY, wheel, buttons);
            return;
        }
        machine.mouse(newX - x, y - newY, wheel, buttons);
        x = newX;
        y = newY;
    }

    /// Where a tablet has what is at `at` of `extent`.
    private static int scaled(int at, int extent) {
        return extent < 2 ? 0 : (int) ((long) at * UsbTablet.LIMIT / (extent - 1));
    }
}
