// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import org.javisor.devices.usb.UsbDevice;

/// A port of the root hub, and the device on it. Resets are asked for by a register's write and done by the worker.
///
/// @xhci 1.1 §4.19 "Root Hub", §5.4.8 "Port Status and Control Register (PORTSC)"
public final class RootPort {
    static final int CONNECTED = 1, ENABLED = 2, RESET = 0x10, LINK_STATE = 0x1e0, POWER = 0x200, LINK_WRITE = 0x1_0000,
            CONNECT_CHANGE = 0x2_0000, RESET_CHANGE = 0x20_0000, LINK_CHANGE = 0x40_0000, WARM_RESET_CHANGE = 0x8_0000,
            WARM_RESET = 0x8000_0000;
    private static final int LINK_SHIFT = 5, SPEED_SHIFT = 10;
    private static final int CHANGES = 0xfe_0000, WAKE_BITS = 0x0e00_0000;
    private static final int U0 = 0, U3 = 3, DISABLED = 4, RX_DETECT = 5, POLLING = 7, RESUME = 15;

    /// @param status   PORTSC
    /// @param untold   whether the driver has not been told of a change
    /// @param resetting which reset is to be done: 0, or RESET or WARM_RESET
    public record State(int status, boolean untold, int resetting, int powerManagement) {
        public State {
            if (resetting != 0 && resetting != RESET && resetting != WARM_RESET) {
                throw new IllegalArgumentException("xHCI port reset " + resetting);
            }
        }
    }

    private final boolean superSpeed;
    private UsbDevice device;
    private int status;
    private boolean untold;
    private int resetting;
    private int powerManagement;

    RootPort(boolean superSpeed) {
        this.superSpeed = superSpeed;
        reset();
    }

    synchronized UsbDevice device() {
        return device;
    }

    /// A device is plugged in, or with null pulled out.
    synchronized void plug(UsbDevice plugged) {
        device = plugged;
        connect();
        status |= CONNECT_CHANGE;
        untold = true;
    }

    /// A USB 2 device waits for a reset; with USB 3 the link comes up by itself.
    private void connect() {
        status &= ~(CONNECTED | ENABLED | LINK_STATE | 0xf << SPEED_SHIFT);
        if (device == null) {
            status |= RX_DETECT << LINK_SHIFT;
        } else if (superSpeed) {
            status |= CONNECTED | ENABLED | U0 << LINK_SHIFT | device.speed().id() << SPEED_SHIFT;
        } else {
            status |= CONNECTED | POLLING << LINK_SHIFT | device.speed().id() << SPEED_SHIFT;
        }
    }

    // ---- registers ----

    /// Reads the 32-bit register at `offset` of the port's four.
    synchronized int read(int offset) {
        return offset == 0 ? status : offset == 4 ? powerManagement : 0;
    }

    /// Writes the 32-bit register at `offset`.
    synchronized void write(int offset, int value) {
        if (offset == 4) {
            powerManagement = value;
        }
        if (offset != 0) {
            return;
        }
        status = status & ~(value & CHANGES) & ~WAKE_BITS | value & WAKE_BITS;
        if ((value & ENABLED) != 0 && (status & ENABLED) != 0) {
            status = status & ~(ENABLED | LINK_STATE) | DISABLED << LINK_SHIFT;
        }
        if (device != null && (value & RESET) != 0) {
            status |= RESET;
            resetting = RESET;
        } else if (device != null && superSpeed && (value & WARM_RESET) != 0) {
            status |= RESET;
            resetting = WARM_RESET;
        } else if ((value & LINK_WRITE) != 0) {
            link(value >>> LINK_SHIFT & 0xf);
        }
    }

    private void link(int wanted) {
        int now = status >>> LINK_SHIFT & 0xf;
        boolean resumes = wanted == U0 && (now == U3 || now == RESUME);
        boolean possible = (status & ENABLED) != 0 && (resumes || wanted == U3 || wanted == RESUME && !superSpeed);
        if (possible) {
            status = status & ~LINK_STATE | wanted << LINK_SHIFT;
            if (resumes) {
                change(LINK_CHANGE);
            }
        } else if (wanted == RX_DETECT && superSpeed && now == DISABLED) {
            connect();
        }
    }

    private void change(int bits) {
        untold |= (~status & bits) != 0;
        status |= bits;
    }

    // ---- the worker's part ----

    /// Does a reset that has been asked for. A device's own lock is taken.
    void work() {
        int kind;
        UsbDevice reset;
        synchronized (this) {
            kind = resetting;
            reset = device;
            resetting = 0;
        }
        if (kind == 0) {
            return;
        }
        if (reset != null) {
            reset.reset();
        }
        synchronized (this) {
            status &= ~(RESET | LINK_STATE);
            status |= reset == null ? RX_DETECT << LINK_SHIFT : ENABLED;
            change(RESET_CHANGE | (kind == WARM_RESET ? WARM_RESET_CHANGE : 0));
        }
    }

    /// Whether there is a change that the driver has not been told of; it counts as told then.
    synchronized boolean takeUntold() {
        boolean was = untold;
        untold = false;
        return was;
    }

    // ---- life ----

    /// The device stays plugged in, and is found anew.
    synchronized void reset() {
        status = POWER;
        resetting = 0;
        powerManagement = 0;
        connect();
        untold = device != null;
        status |= device != null ? CONNECT_CHANGE : 0;
    }

    synchronized State save() {
        return new State(status, untold, resetting, powerManagement);
    }

    /// @throws IllegalArgumentException if the state is of a port with a device and there is none, or the other way
    synchronized void check(State state) {
        if ((state.status & CONNECTED) != 0 != (device != null)) {
            throw new IllegalArgumentException("xHCI port " + (device == null ? "without" : "with") + " a device");
        }
    }

    synchronized void load(State state) {
        status = state.status;
        untold = state.untold;
        resetting = state.resetting;
        powerManagement = state.powerManagement;
    }
}
