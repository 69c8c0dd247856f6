// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.List;
import org.javisor.memory.BusDevice;
import org.javisor.memory.IoBus;

/// A device that a bridge's own register places, as a BAR would: at one place or at none.
public final class MovableRange {
    private final PciDecoder decoder;
    private final Claim claim;
    private long start;
    private long bytes;

    /// @param root the bus whose functions it competes with, and precedes
    public MovableRange(PciBus root, IoBus bus, BusDevice device, String name) {
        claim = new Claim(bus, device, name);
        decoder = root.decoder();
        decoder.add(this);
    }

    public void place(long newStart, long newBytes) {
        synchronized (this) {
            start = newStart;
            bytes = newBytes;
        }
        decoder.update();
    }

    public void remove() {
        place(0, 0);
    }

    synchronized void collect(List<Claim.Place> into) {
        if (bytes > 0) {
            into.add(new Claim.Place(claim, start, bytes));
        }
    }
}
