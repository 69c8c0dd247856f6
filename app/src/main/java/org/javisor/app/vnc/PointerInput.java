// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import org.javisor.machine.Machine;

/// What a client does with its pointer, done with the guest's mouse.
final class PointerInput {
    private static final int WHEEL_UP = 0x08, WHEEL_DOWN = 0x10, BACK = 0x80;
    /// What a client that moves relatively sends for no movement.
    private static final int NO_MOVEMENT = 0x7fff;

    private final Machine machine;
    private int x;
    private int y;
    private volatile boolean relative;

    PointerInput(Machine machine) {
        this.machine = machine;
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
        if (relative) {
            machine.mouse(newX - NO_MOVEMENT, NO_MOVEMENT - newY, wheel, buttons);
            return;
        }
        machine.mouse(newX - x, y - newY, wheel, buttons);
        x = newX;
        y = newY;
    }
}
