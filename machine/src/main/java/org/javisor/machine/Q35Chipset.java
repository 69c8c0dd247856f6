// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import org.javisor.devices.pci.Ich9Lpc;
import org.javisor.devices.pci.LegacyArea;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.PirqRouter;
import org.javisor.devices.pci.Q35HostBridge;
import org.javisor.devices.pci.Smram;
import org.javisor.machine.acpi.AcpiConfig;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.vmm.Vm;

/// The Q35 host bridge, with ECAM, and an ICH9's LPC bridge.
final class Q35Chipset implements Chipset {
    private static final int BUSES = 256;

    private final Q35HostBridge hostBridge;
    private final Ich9Lpc isaBridge;

    Q35Chipset(Vm vm, PciBus bus, PirqRouter router, LegacyDevices legacy, LegacyArea area,
               Smram smram) {
        hostBridge = new Q35HostBridge(bus, vm.mmio(), area, smram);
        isaBridge = new Ich9Lpc(bus, vm.ports(), router, legacy.pm(), legacy.smi());
    }

    @Override
    public void configure(int[] pirqIrqs) {
        hostBridge.shadowAll();
        hostBridge.placeEcam(MemoryMap.ECAM, BUSES);
        isaBridge.placePm(AcpiConfig.PM_BASE);
        for (int line = 0; line < pirqIrqs.length; line++) {
            isaBridge.routePirq(line, pirqIrqs[line]);
        }
    }

    @Override
    public AcpiConfig placed(AcpiConfig acpi) {
        return acpi.placed(isaBridge.pmBase(), hostBridge.ecam());
    }
}
