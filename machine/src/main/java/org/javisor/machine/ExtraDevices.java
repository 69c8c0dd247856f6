// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import org.javisor.devices.edu.Edu;
import org.javisor.devices.pci.PciFunction;
import org.javisor.vmm.Vm;

/// Puts each [ExtraDevice] in a PCI slot.
final class ExtraDevices {
    private ExtraDevices() { }

    static void install(MachineConfig config, Vm vm, ExpansionSlots slots) {
        for (ExtraDevice wanted : config.extras()) {
            slots.install(function(wanted, vm));
        }
    }

    private static PciFunction function(ExtraDevice wanted, Vm vm) {
        return switch (wanted) {
            case EDU -> new Edu(vm.memory()).function();
        };
    }
}
