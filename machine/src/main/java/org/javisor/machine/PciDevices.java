// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.javisor.devices.pci.ConfigSpace;
import org.javisor.devices.pci.HotplugSlot;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.PciConfigPorts;
import org.javisor.devices.pci.PciFirmware;
import org.javisor.devices.pci.PciFunction;
import org.javisor.devices.pci.PirqRouter;
import org.javisor.machine.acpi.AcpiConfig;
import org.javisor.machine.layout.BoardModel;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.memory.Chip;
import org.javisor.vmm.Vm;

/// The PCI side of the board: the root bus with its [Chipset], what sits in the slots, and what firmware does for them.
final class PciDevices {
    private static final int ISA_BRIDGE = 0x0601;
    private final MachineConfig config;
    private final PirqRouter router;
    private final PciBus bus;
    private final IommuDevice iommu;
    private final Chipset chipset;
    private final ExpansionSlots slots;
    private final PciConfigPorts configPorts;

    PciDevices(MachineConfig config, Vm vm, LegacyDevices legacy, BoardMemory memory) {
        this.config = config;
        this.router = new PirqRouter(config.board().model().wiring(), vm::gsi);
        long last = MemoryMap.pci64(config.ramBytes()) + MemoryMap.PCI64_BYTES - 1;
        PciBus.Kind kind = config.board().model().express() ? PciBus.Kind.ROOT_COMPLEX : PciBus.Kind.CONVENTIONAL;
        this.bus = new PciBus(kind, vm.ports(), vm.mmio(), last, router, vm.msi());
        this.iommu = new IommuDevice(config, vm, bus);
        this.chipset = Chipset.of(config, vm, bus, router, legacy, memory);
        this.slots = new ExpansionSlots(config.board(), bus);
        this.configPorts = new PciConfigPorts(bus, legacy.resetControl());
        vm.ports().attach(PciConfigPorts.PORT, PciConfigPorts.PORTS, configPorts, "PCI configuration");
    }

    /// The root bus, for functions that have a fixed place on it.
    PciBus bus() {
        return bus;
    }

    /// The bridge behind which the ISA bus is.
    PciFunction isaBridge() {
        return bus.functions().stream().filter(f -> f.readConfig(ConfigSpace.CLASS + 1, 2) == ISA_BRIDGE).findFirst()
                .orElseThrow();
    }

    /// Where further functions go.
    ExpansionSlots slots() {
        return slots;
    }

    /// Once everything is in its place: the slots that are filled and emptied while the machine runs.
    List<HotplugSlot> hotplugSlots() {
        slots.open().forEach(chipset::openSlot);
        return Stream.concat(slots.ports().stream(), chipset.hotplugSlots().stream()).toList();
    }

    /// What the ACPI tables are to say, with bridges where firmware has put them.
    AcpiConfig acpi() {
        return chipset.placed(config.acpi());
    }

    /// Gives bridges and BARs their addresses and routes interrupts, as firmware does after each reset.
    void configure() {
        BoardModel board = config.board().model();
        chipset.configure(board.pirqIrqs());
        long high = MemoryMap.pci64(config.ramBytes());
        PciFirmware firmware = new PciFirmware(
                new PciFirmware.Window(MemoryMap.PCI_PORTS, MemoryMap.PCI_PORTS_END),
                new PciFirmware.Window(MemoryMap.PCI32, MemoryMap.PCI32_END),
                new PciFirmware.Window(high, high + MemoryMap.PCI64_BYTES));
        firmware.assign(bus);
        firmware.route(bus, board.wiring(), board.pirqIrqs());
    }

    /// All of them, in the order in which they are to be loaded: what decides where addresses lead comes first.
    List<Chip<?>> chips() {
        List<Chip<?>> chips = new ArrayList<>(List.of(configPorts, router));
        chips.addAll(iommu.chips());
        chips.addAll(chipset.chips());
        bus.everyFunction().stream().map(PciFunction::owner).distinct().forEach(chips::add);
        return chips;
    }

    void reset() {
        configPorts.reset();
        chipset.reset();
        bus.reset();
        router.reset();
        // Until then addresses of what devices have under way mean what they did.
        iommu.reset();
    }
}
