// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.javisor.devices.DebugPort;
import org.javisor.devices.ParallelPort;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.watch.I6300Esb;
import org.javisor.devices.watch.Pvpanic;
import org.javisor.devices.watch.PvpanicFunction;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.PeripheralConfig.PanicDevice;
import org.javisor.machine.PeripheralConfig.Reaction;
import org.javisor.machine.layout.LegacyMap;
import org.javisor.memory.Chip;
import org.javisor.memory.IoBus;
import org.javisor.vmm.Vm;

/// The devices that [PeripheralConfig] asks for.
final class PeripheralDevices {
    private static final int FIRST_SLOT = 1;

    private final Consumer<String> reports;
    private final Board.PowerControl power;
    /// Those that a reset of the PCI bus does not reach.
    private final List<Chip<?>> chips = new ArrayList<>();

    PeripheralDevices(MachineConfig config, Vm vm, PciBus bus, Board.PowerControl power) {
        this.reports = config.reports();
        this.power = power;
        PeripheralConfig wanted = config.peripherals();
        vm.chips().pit().onTone(wanted.speaker());
        if (wanted.printer() != null) {
            ParallelPort parallel = new ParallelPort(vm.clock(), vm.gsi(LegacyMap.PARALLEL_IRQ),
                    new SerialSink(wanted.printer()));
            vm.ports().attach(LegacyMap.PARALLEL_PORT, ParallelPort.PORTS, added(parallel), "LPT1");
        }
        if (wanted.debugConsole() != null) {
            addDebugConsole(wanted.debugConsole(), vm.ports(), config.firmware() != null);
        }
        addPanicDevice(wanted.panicDevice(), wanted.onPanic(), vm.ports(), bus);
        if (wanted.watchdog() != null) {
            I6300Esb watchdog = new I6300Esb(vm.clock(), () -> react(wanted.watchdog(),
                    "the guest's watchdog ran out of time", new MachineExit.WatchdogExpired()));
            bus.add(bus.freeDevice(FIRST_SLOT), 0, watchdog.function());
        }
    }

    /// @param firmware whether the port of firmware's log belongs to the firmware
    private static void addDebugConsole(SerialOutput output, IoBus ports, boolean firmware) {
        DebugPort port = new DebugPort(new SerialSink(output));
        ports.attach(DebugPort.BOCHS_PORT, 1, port, "debug console");
        if (!firmware) {
            ports.attach(DebugPort.SEABIOS_PORT, 1, port, "debug console");
        }
    }

    private void addPanicDevice(PanicDevice kind, Reaction reaction, IoBus ports, PciBus bus) {
        Pvpanic device = new Pvpanic(event -> {
            switch (event) {
                case PANICKED -> react(reaction, "the guest's kernel panicked", new MachineExit.Panicked());
                case CRASH_LOADED -> reports.accept("the guest's kernel panicked; its crash kernel takes over");
                case SHUTDOWN -> power.powerOff();
            }
        });
        switch (kind) {
            case NONE -> { }
            case ISA -> ports.attach(Pvpanic.PORT, 1, device, "pvpanic");
            case PCI -> bus.add(bus.freeDevice(FIRST_SLOT), 0, PvpanicFunction.of(device));
        }
    }

    private void react(Reaction reaction, String what, MachineExit exit) {
        reports.accept(what);
        switch (reaction) {
            case RESTART -> power.reset();
            case STOP -> power.end(exit);
            case REPORT -> { }
        }
    }

    private <C extends Chip<?>> C added(C chip) {
        chips.add(chip);
        return chip;
    }

    void reset() {
        chips.forEach(Chip::reset);
    }
}
