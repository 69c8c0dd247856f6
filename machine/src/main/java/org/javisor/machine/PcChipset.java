// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.List;
import org.javisor.devices.AcpiPm;
import org.javisor.devices.pci.AcpiPciHotplug;
import org.javisor.devices.pci.HotplugSlot;
import org.javisor.devices.pci.I440fxHostBridge;
import org.javisor.devices.pci.LegacyArea;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.Piix3Isa;
import org.javisor.devices.pci.Piix4Pm;
import org.javisor.devices.pci.PirqRouter;
import org.javisor.devices.pci.Smram;
import org.javisor.machine.acpi.AcpiConfig;
import org.javisor.machine.layout.BoardModel;
import org.javisor.memory.Chip;
import org.javisor.vmm.Vm;

/// The i440FX host bridge, a PIIX3's ISA bridge, and a PIIX4's power management.
final class PcChipset implements Chipset {
    private final I440fxHostBridge hostBridge;
    private final Piix3Isa isaBridge;
    private final Piix4Pm powerManagement;
    private final AcpiPciHotplug hotplug;

    PcChipset(Vm vm, PciBus bus, PirqRouter router, LegacyDevices legacy, LegacyArea area,
              Smram smram) {
        hostBridge = new I440fxHostBridge(bus, area, smram);
        isaBridge = new Piix3Isa(bus, router);
        powerManagement = new Piix4Pm(bus, vm.ports(), legacy.pm(), legacy.smi());
        vm.ports().attach(BoardModel.PC_GPE0, AcpiPm.SMALL_GPE0_BYTES, legacy.pm().gpeBlock(),
                "general-purpose events");
        hotplug = new AcpiPciHotplug(bus, () -> legacy.pm().raiseGpe(AcpiPciHotplug.EVENT));
        vm.ports().attach(AcpiPciHotplug.PORT, AcpiPciHotplug.PORTS, hotplug, "PCI hot-plug");
    }

    @Override
    public void configure(int[] pirqIrqs) {
        hostBridge.shadowAll();
        powerManagement.placePm(AcpiConfig.PM_BASE);
        for (int line = 0; line < pirqIrqs.length; line++) {
            isaBridge.routePirq(line, pirqIrqs[line]);
        }
    }

    @Override
    public AcpiConfig placed(AcpiConfig acpi) {
        return acpi.placed(powerManagement.pmBase(), 0).withHotplugSlots(hotplug.removable());
    }

    @Override
    public void openSlot(int number) {
        hotplug.addSlot(number);
    }

    @Override
    public List<HotplugSlot> hotplugSlots() {
        return hotplug.slots();
    }

    @Override
    public List<Chip<?>> chips() {
        return List.of(hotplug);
    }
}
