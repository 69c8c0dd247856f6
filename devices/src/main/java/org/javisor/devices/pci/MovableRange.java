// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import org.javisor.memory.BusDevice;
import org.javisor.memory.IoBus;

/// A device that a bridge's own register places, as a BAR would: at one place or at none.
final class MovableRange {
    private final IoBus bus;
    private final BusDevice device;
    private final String name;
    private IoBus.Range range;

    MovableRange(IoBus bus, BusDevice device, String name) {
        this.bus = bus;
        this.device = device;
        this.name = name;
    }

    /// Puts the device at `start`. It is nowhere if another device is there, which keeps its place.
    synchronized void place(long start, long bytes) {
        if (range != null && range.start() == start && range.bytes() == bytes) {
            return;
        }
        remove();
        try {
            range = bus.attach(start, bytes, device, name);
        } catch (IllegalArgumentException _) {
            range = null;
        }
    }

    synchronized void remove() {
        if (range != null) {
            bus.detach(range);
            range = null;
        }
    }
}
