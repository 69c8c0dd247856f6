// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.javisor.devices.pci.Bdf;
import org.javisor.devices.pci.HotplugSlot;
import org.javisor.devices.pci.PciBridge;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.PciFunction;
import org.javisor.devices.pci.PcieRootPort;
import org.javisor.memory.ConfigurationException;

/// Where functions can be put: the slots of the root bus, those of root ports, and those behind bridges.
final class ExpansionSlots {
    /// Ports and bridges have their places behind those that functions on the root bus take first.
    private static final int FIRST_SLOT = 1, FIRST_PORT = 0x10, FIRST_BRIDGE = 0x1c;

    private final PciBus root;
    private final List<PcieRootPort> ports;
    private final List<PciBridge> bridges;
    /// Device numbers on the root bus of what may be taken out.
    private final BitSet removable = new BitSet();

    ExpansionSlots(BoardConfig config, PciBus root) {
        this.root = root;
        ports = IntStream.rangeClosed(1, config.rootPorts()).mapToObj(PcieRootPort::new).toList();
        bridges = IntStream.rangeClosed(1, config.bridges()).mapToObj(_ -> PciBridge.conventional()).toList();
        for (int n = 0; n < ports.size(); n++) {
            root.add(FIRST_PORT + n, 0, ports.get(n).function());
        }
        for (int n = 0; n < bridges.size(); n++) {
            root.add(FIRST_BRIDGE + n, 0, bridges.get(n).function());
        }
    }

    /// Puts a function that stays in the next free slot of the root bus.
    void install(PciFunction function) {
        root.add(root.freeDevice(FIRST_SLOT), 0, function);
    }

    /// Puts a function that may be taken out at `place`.
    ///
    /// @throws ConfigurationException if there is no such place, or it is taken
    void install(PciFunction function, PciPlace place) {
        switch (place.kind()) {
            case ROOT -> {
                install(function);
                removable.set(function.bdf().device());
            }
            case PORT -> {
                PcieRootPort port = numbered(ports, place, "root ports");
                if (port.slot().occupant() != null) {
                    throw new ConfigurationException("PCI slot " + place + ": taken");
                }
                port.install(function);
            }
            case BRIDGE -> {
                PciBus bus = numbered(bridges, place, "PCI bridges").bus();
                bus.add(bus.freeDevice(FIRST_SLOT), 0, function);
            }
        }
    }

    /// The device numbers on the root bus that are free, or have what may be taken out.
    List<Integer> open() {
        return IntStream.range(FIRST_SLOT, Bdf.DEVICES)
                .filter(device -> removable.get(device) || isFree(device)).boxed().toList();
    }

    private boolean isFree(int device) {
        return root.functions().stream().noneMatch(function -> function.bdf().device() == device);
    }

    /// The slots of root ports.
    List<HotplugSlot> ports() {
        return ports.stream().map(PcieRootPort::slot).toList();
    }

    private static <T> T numbered(List<T> all, PciPlace place, String what) {
        if (place.number() > all.size()) {
            throw new ConfigurationException("PCI slot " + place + ": the board has " + all.size() + " " + what);
        }
        return all.get(place.number() - 1);
    }
}
