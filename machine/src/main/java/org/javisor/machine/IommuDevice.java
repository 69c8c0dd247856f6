// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.List;
import org.javisor.devices.pci.PciBus;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.memory.Chip;
import org.javisor.passthrough.vtd.VtdConfig;
import org.javisor.passthrough.vtd.VtdUnit;
import org.javisor.vmm.Vm;

/// The IOMMU, if the machine is to have one.
final class IommuDevice {
    /// Null for none.
    private final VtdUnit unit;

    /// @param root has no functions yet: all are to be behind the IOMMU
    IommuDevice(MachineConfig config, Vm vm, PciBus root) {
        IommuConfig wanted = config.iommu();
        if (wanted == null) {
            unit = null;
            return;
        }
        unit = new VtdUnit(vm.memory(), vm.chips(), new VtdConfig(wanted.interruptRemapping(),
                wanted.extendedInterrupts(), wanted.cachingMode(), wanted.addressWidth(),
                config.processor().physicalAddressBits()));
        vm.mmio().attach(MemoryMap.IOMMU, VtdUnit.BYTES, unit, "IOMMU");
        if (wanted.interruptRemapping()) {
            vm.chips().remapBy(unit.remapping(VtdUnit.IO_APIC_SOURCE), unit.remapping(VtdUnit.HPET_SOURCE));
        }
        root.translateBy(unit);
    }

    List<Chip<?>> chips() {
        return unit == null ? List.of() : List.of(unit);
    }

    void reset() {
        if (unit != null) {
            unit.reset();
        }
    }
}
