// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import org.javisor.memory.BusDevice;
import org.javisor.memory.IoBus;

/// A device's place on one of the machine's buses, which the guest may move. Only the [PciDecoder] moves it, under its
/// lock.
final class Claim {
    /// Where a claim is to be.
    record Place(Claim claim, long start, long bytes) {
        boolean overlaps(Place other) {
            return claim.bus == other.claim.bus && (Long.compareUnsigned(other.start - start, bytes) < 0
                    || Long.compareUnsigned(start - other.start, other.bytes) < 0);
        }
    }

    private final IoBus bus;
    private final BusDevice device;
    private final String name;
    private IoBus.Range range;

    Claim(IoBus bus, BusDevice device, String name) {
        this.bus = bus;
        this.device = device;
        this.name = name;
    }

    boolean attached() {
        return range != null;
    }

    boolean isAt(Place place) {
        return range != null && place.claim == this && range.start() == place.start && range.bytes() == place.bytes;
    }

    void leave() {
        bus.detach(range);
        range = null;
        if (device instanceof MappedRange mapped) {
            mapped.disappear();
        }
    }

    /// Takes the place. Does nothing if a device that never moves is there, or the bus does not reach so far: the guest
    /// set it wrong, or only measures a size.
    void join(Place place) {
        try {
            range = bus.attach(place.start, place.bytes, device, name);
        } catch (IllegalArgumentException _) {
            range = null;
            return;
        }
        if (device instanceof MappedRange mapped) {
            mapped.appear(place.start);
        }
    }
}
