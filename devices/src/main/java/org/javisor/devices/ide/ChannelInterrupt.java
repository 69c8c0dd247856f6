// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ide;

import org.javisor.devices.Pin;
import org.javisor.memory.InterruptLine;

/// A channel's interrupt: asked for by a drive until the host has read the status, and held back by nIEN. The bus
/// master sees it rise.
///
/// Guarded by the channel's lock, but for [#drive], which is called without it.
///
/// @ata ATA8-ACS "Device Control register", nIEN
final class ChannelInterrupt {
    private final Pin pin;
    private final BusMaster master;
    private boolean pending;
    private boolean disabled;

    ChannelInterrupt(InterruptLine line, BusMaster master) {
        this.pin = new Pin(line);
        this.master = master;
    }

    boolean pending() {
        return pending;
    }

    void raise() {
        load(true, disabled);
    }

    void clear() {
        load(false, disabled);
    }

    /// nIEN has been written.
    void disable(boolean whether) {
        load(pending, whether);
    }

    void load(boolean nowPending, boolean nowDisabled) {
        pending = nowPending;
        disabled = nowDisabled;
        boolean level = pending && !disabled;
        if (level && !pin.high()) {
            master.interrupt();
        }
        pin.set(level);
    }

    /// Brings the line to what has been decided.
    void drive() {
        pin.drive();
    }
}
