// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import org.javisor.devices.pci.Ich9Lpc;
import org.javisor.devices.pci.LegacyArea;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.PciConfigPorts;
import org.javisor.devices.pci.PciFirmware;
import org.javisor.devices.pci.PirqRouter;
import org.javisor.devices.pci.Q35HostBridge;
import org.javisor.machine.acpi.AcpiConfig;
import org.javisor.machine.layout.LegacyMap;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.vmm.Vm;

/// The PCI side of the board: host bridge, ISA bridge, and what sits in the slots; and what firmware does for them.
final class PciDevices {
    private static final int BUSES = 256;

    private final MachineConfig config;
    private final PirqRouter router;
    private final PciBus bus;
    private final Q35HostBridge hostBridge;
    private final Ich9Lpc isaBridge;

    PciDevices(MachineConfig config, Vm vm, LegacyDevices legacy, LegacyArea area) {
        this.config = config;
        this.router = new PirqRouter(vm::gsi);
        long last = MemoryMap.pci64(config.ramBytes()) + MemoryMap.PCI64_BYTES - 1;
        this.bus = new PciBus(vm.ports(), vm.mmio(), last, router, vm.msi());
        this.hostBridge = new Q35HostBridge(bus, vm.mmio(), area);
        this.isaBridge = new Ich9Lpc(bus, vm.ports(), router, legacy.pm());
        vm.ports().attach(PciConfigPorts.PORT, PciConfigPorts.PORTS, new PciConfigPorts(bus, legacy.resetControl()),
                "PCI configuration");
    }

    /// Where further functions go.
    PciBus bus() {
        return bus;
    }

    /// Gives bridges and BARs their addresses and routes interrupts, as firmware does after each reset.
    void configure() {
        hostBridge.shadowAll();
        hostBridge.placeEcam(MemoryMap.ECAM, BUSES);
        isaBridge.placePm(AcpiConfig.PM_BASE);
        long high = MemoryMap.pci64(config.ramBytes());
        PciFirmware firmware = new PciFirmware(
                new PciFirmware.Window(MemoryMap.PCI_PORTS, MemoryMap.PCI_PORTS_END),
                new PciFirmware.Window(MemoryMap.PCI32, MemoryMap.PCI32_END),
                new PciFirmware.Window(high, high + MemoryMap.PCI64_BYTES));
        firmware.assign(bus);
        firmware.route(bus, isaBridge, LegacyMap.PIRQ_IRQS);
    }

    void reset() {
        bus.reset();
        router.reset();
    }
}
