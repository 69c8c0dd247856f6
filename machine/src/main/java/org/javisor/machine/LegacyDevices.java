// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.ArrayList;
import java.util.List;
import org.javisor.devices.A20Gate;
import org.javisor.devices.AcpiPm;
import org.javisor.devices.DebugExit;
import org.javisor.devices.Hpet;
import org.javisor.devices.I8042;
import org.javisor.devices.ResetControl;
import org.javisor.devices.Rtc;
import org.javisor.devices.SmiControl;
import org.javisor.devices.SystemControlPortA;
import org.javisor.devices.Uart16550;
import org.javisor.devices.dma.DmaControllers;
import org.javisor.devices.dma.DmaPages;
import org.javisor.devices.firmware.SmiFeatures;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.acpi.AcpiConfig;
import org.javisor.machine.layout.BoardModel;
import org.javisor.machine.layout.LegacyMap;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.memory.Chip;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.IoBus;
import org.javisor.vmm.Vm;

/// The devices at fixed ports that every PC has, each on its port and interrupt.
final class LegacyDevices {
    /// Where firmware looks why it was entered, and what says that the guest wakes.
    private static final int CMOS_SHUTDOWN_STATUS = 0xf, SHUTDOWN_RESUME = 0xfe;

    private final List<Chip<?>> chips = new ArrayList<>();
    private final List<Uart16550> serial = new ArrayList<>();
    private final SmiFeatures smiFeatures = added(new SmiFeatures());
    /// Null on a board without system management mode.
    private final SmiControl smi;
    private final AcpiPm pm;
    private final Rtc rtc;
    private final ResetControl resetControl;
    private final I8042 keyboard;
    private final DmaControllers dma;

    LegacyDevices(MachineConfig config, Vm vm, Board.PowerControl power) {
        IoBus ports = vm.ports();
        for (int n = 0; n < config.serial().size(); n++) {
            SerialOutput output = config.serial().get(n);
            Uart16550 uart = added(new Uart16550(vm.gsi(LegacyMap.SERIAL_IRQS[n]), new SerialSink(output), vm.clock()));
            serial.add(uart);
            ports.attach(LegacyMap.SERIAL_PORTS[n], Uart16550.PORTS, uart, "COM" + (n + 1));
        }
        InterruptLine irq8 = config.board().model().hpet() ? addHpet(vm) : vm.gsi(LegacyMap.RTC_IRQ);
        smi = config.board().smm() ? added(smiControl(config.board().model(), vm)) : null;
        pm = added(powerManagement(config.board().model(), vm, power, smi));
        ports.attach(AcpiPm.SMI_COMMAND_PORT, 2, pm.smiCommand(), "SMI command");
        InterruptLine alarm = pm.rtcInput();
        rtc = added(new Rtc(vm.clock(), level -> {
            irq8.set(level);
            alarm.set(level);
        }));
        rtc.setMemorySize(MemoryMap.lowRam(config.ramBytes()), MemoryMap.highRam(config.ramBytes()));
        ports.attach(Rtc.PORT, Rtc.PORTS, rtc, "RTC");
        resetControl = added(new ResetControl(_ -> power.reset()));
        A20Gate a20 = new A20Gate(passes -> vm.maskA20(!passes));
        keyboard = added(new I8042(vm.gsi(LegacyMap.KEYBOARD_IRQ), vm.gsi(LegacyMap.MOUSE_IRQ), a20,
                vm.clock(), _ -> power.reset()));
        ports.attach(I8042.DATA_PORT, 1, keyboard.data(), "keyboard controller, data");
        ports.attach(I8042.COMMAND_PORT, 1, keyboard.command(), "keyboard controller, command");
        if (!config.board().pit()) {
            vm.chips().pit().attachSystemControl(ports);
        }
        SystemControlPortA portA = added(new SystemControlPortA(a20, _ -> power.reset()));
        ports.attach(SystemControlPortA.PORT, 1, portA, "system control port A");
        DmaPages pages = added(new DmaPages());
        ports.attach(DmaPages.PORT, DmaPages.PORTS, pages, "POST code and DMA page registers");
        dma = added(new DmaControllers(vm.memory(), pages));
        dma.attach(ports);
        if (config.debugExitPort() != 0) {
            DebugExit exit = added(new DebugExit(status -> power.end(new MachineExit.DebugExit(status))));
            ports.attach(config.debugExitPort(), DebugExit.DEFAULT_PORTS, exit, "isa-debug-exit");
        }
    }

    /// @return what stands between the clock and its interrupt
    private InterruptLine addHpet(Vm vm) {
        Hpet hpet = added(new Hpet(vm.clock(), vm::gsi, vm.msi()));
        vm.mmio().attach(MemoryMap.HPET, Hpet.BYTES, hpet, "HPET");
        vm.chips().connectPit(hpet.pitInput());
        return hpet.rtcInput();
    }

    private SmiControl smiControl(BoardModel board, Vm vm) {
        return switch (board) {
            case Q35 -> SmiControl.ich9(vm::smi, smiFeatures::broadcast);
            case PC -> SmiControl.piix4(vm::smi);
        };
    }

    private static AcpiPm powerManagement(BoardModel board, Vm vm, Board.PowerControl power, SmiControl smi) {
        InterruptLine sci = vm.gsi(AcpiConfig.SCI);
        return switch (board) {
            case Q35 -> new AcpiPm(vm.clock(), sci, board.pmTimerBits(), type -> sleep(type, power), smi);
            case PC -> AcpiPm.piix4(vm.clock(), sci, type -> sleep(type, power), smi);
        };
    }

    private static void sleep(int type, Board.PowerControl power) {
        if (type == AcpiConfig.SUSPEND_TO_MEMORY) {
            power.sleep();
        } else {
            power.powerOff();
        }
    }

    private <C extends Chip<?>> C added(C chip) {
        chips.add(chip);
        return chip;
    }

    /// The power-management block, which the ISA bridge places.
    AcpiPm pm() {
        return pm;
    }

    /// Null on a board without system management mode.
    SmiControl smi() {
        return smi;
    }

    SmiFeatures smiFeatures() {
        return smiFeatures;
    }

    /// Port 0xcf9, which lies within the ports of PCI configuration access.
    ResetControl resetControl() {
        return resetControl;
    }

    I8042 keyboard() {
        return keyboard;
    }

    /// @param port 0 for COM1
    Uart16550 serial(int port) {
        return serial.get(port);
    }

    /// The clock with its battery-backed memory.
    Rtc rtc() {
        return rtc;
    }

    DmaControllers dma() {
        return dma;
    }

    /// Does what firmware does for a system that is started without it.
    void configure() {
        dma.cascade();
    }

    List<Chip<?>> chips() {
        return chips;
    }

    void reset() {
        chips.forEach(Chip::reset);
    }

    /// As [#reset], after sleep: what has woken the guest can be seen, by firmware too.
    void awaken() {
        chips.stream().filter(chip -> chip != pm).forEach(Chip::reset);
        pm.awaken();
        rtc.setCmos(CMOS_SHUTDOWN_STATUS, SHUTDOWN_RESUME);
    }
}
