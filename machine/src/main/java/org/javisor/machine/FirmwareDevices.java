// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.List;
import java.util.function.Supplier;
import org.javisor.devices.DebugPort;
import org.javisor.devices.firmware.Flash;
import org.javisor.devices.firmware.FwCfg;
import org.javisor.devices.firmware.SmiFeatures;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.acpi.AcpiConfig;
import org.javisor.machine.firmware.FirmwareFiles;
import org.javisor.machine.layout.BoardModel;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.memory.Chip;
import org.javisor.memory.Ram;
import org.javisor.vmm.Vm;

/// What a board has for firmware: its configuration device, the flash with its variables, and a port for its log.
final class FirmwareDevices implements AutoCloseable {
    private final FwCfg configuration;
    private final Flash flash;
    private final Ram array;

    /// @param acpi what ACPI tables are to say, when firmware asks
    /// @param boot what may be started
    /// @param smi what board and firmware agree on about system management interrupts
    FirmwareDevices(MachineConfig config, Vm vm, Supplier<AcpiConfig> acpi, BootDevices boot, SmiFeatures smi) {
        FirmwareImage image = config.firmware().image();
        configuration = new FwCfg(vm.memory(), config.cpus());
        FirmwareFiles.addTo(configuration, config.cpus(), config.ramBytes(), acpi, true);
        BootOrder order = config.board().boot();
        FirmwareFiles.addBootOrder(configuration, boot.paths(order), order.menuSeconds());
        boolean managed = config.board().smm();
        if (managed && config.board().model() == BoardModel.Q35) {
            smi.addTo(configuration);
        }
        vm.ports().attach(FwCfg.PORT, FwCfg.PORTS, configuration, "firmware configuration");
        SerialOutput console = config.peripherals().debugConsole();
        boolean own = config.firmware().log() != SerialOutput.NOWHERE || console == null;
        SerialSink log = new SerialSink(own ? config.firmware().log() : console);
        vm.ports().attach(DebugPort.SEABIOS_PORT, 1, new DebugPort(log), "firmware's log");
        byte[] variables = image.variables();
        array = variables.length == 0 ? null : Ram.allocate(variables.length);
        if (array == null) {
            flash = null;
        } else {
            long gpa = MemoryMap.FOUR_GIB - image.code().length - variables.length;
            flash = new Flash(vm.memory(), BoardMemory.FLASH_SLOT, gpa, variables, array, image.storage(),
                    image.secure() ? vm::inSystemManagement : () -> true);
            vm.mmio().attach(gpa, variables.length, flash, "firmware's variables");
        }
    }

    List<Chip<?>> chips() {
        return flash == null ? List.of(configuration) : List.of(configuration, flash);
    }

    void reset() {
        configuration.reset();
        if (flash != null) {
            flash.reset();
        }
    }

    /// Gives the flash's memory back; nothing may run on it any more.
    @Override
    public void close() {
        if (array != null) {
            array.close();
        }
    }
}
