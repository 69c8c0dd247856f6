// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.javisor.devices.pci.HotplugSlot;
import org.javisor.devices.pci.PciFunction;
import org.javisor.memory.ConfigurationException;

/// What is put into a running machine and taken out of it.
final class Hotplug {
    private final List<HotplugSlot> slots;
    private final Map<PciFunction, Plugged> plugged = new ConcurrentHashMap<>();

    Hotplug(List<HotplugSlot> slots) {
        this.slots = slots;
        slots.forEach(slot -> slot.onEmptied(this::emptied));
    }

    List<HotplugSlot> slots() {
        return slots;
    }

    /// Puts a function into the first slot that is free.
    ///
    /// @param whenGone frees what is behind the function, on a thread of its own; or at once, if no slot is free
    /// @throws ConfigurationException if none is
    synchronized Plugged plug(PciFunction function, Runnable whenGone) {
        HotplugSlot slot = slots.stream().filter(HotplugSlot::isFree).findFirst().orElse(null);
        if (slot == null) {
            whenGone.run();
            throw new ConfigurationException("no slot is free for another device: the board has " + slots.size()
                    + " for hot-plug");
        }
        Plugged device = new Plugged(slot, function, whenGone);
        plugged.put(function, device);
        slot.insert(function);
        return device;
    }

    /// Whoever took it out, perhaps a processor, does not wait for the host.
    private void emptied(PciFunction function) {
        Plugged device = plugged.remove(function);
        if (device != null) {
            Thread.ofPlatform().name("javisor-unplug").daemon().start(device::gone);
        }
    }
}
