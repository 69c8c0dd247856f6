// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.javisor.devices.DebugPort;
import org.javisor.devices.ParallelPort;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.floppy.FloppyController;
import org.javisor.devices.tpm.Swtpm;
import org.javisor.devices.tpm.TpmCrb;
import org.javisor.devices.watch.I6300Esb;
import org.javisor.devices.watch.Pvpanic;
import org.javisor.devices.watch.PvpanicFunction;
import org.javisor.machine.BootOrder.Kind;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.PeripheralConfig.PanicDevice;
import org.javisor.machine.PeripheralConfig.Reaction;
import org.javisor.machine.layout.LegacyMap;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.memory.Chip;
import org.javisor.memory.ConfigurationException;
import org.javisor.memory.IoBus;
import org.javisor.vmm.Vm;
import org.javisor.vmm.pv.HvCrash;
import org.javisor.vmm.pv.HvListener;

/// The devices that [PeripheralConfig] asks for.
final class PeripheralDevices implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 5;
    private static final int FLOPPY_CHANNEL = 2, CMOS_FLOPPIES = 0x10, CMOS_EQUIPMENT = 0x14, HAS_FLOPPY = 1,
            SECOND_FLOPPY = 0x40;

    private final Consumer<String> reports;
    private final Board.PowerControl power;
    /// Those that a reset of the PCI bus does not reach.
    private final List<Chip<?>> chips = new ArrayList<>();

    private final DeviceThreads floppyThreads = new DeviceThreads();
    /// Null without a floppy drive.
    private FloppyController floppy;
    /// Null without a TPM.
    private Swtpm tpm;
    private ExecutorService tpmWorkers;

    PeripheralDevices(MachineConfig config, Disks disks, Vm vm, LegacyDevices legacy, PciDevices pci, BootDevices boot,
            Board.PowerControl power) {
        this.reports = config.reports();
        this.power = power;
        PeripheralConfig wanted = config.peripherals();
        vm.chips().pit().onTone(wanted.speaker());
        if (!disks.floppies().isEmpty()) {
            addFloppies(disks.floppies(), vm, legacy);
            for (int n = 0; n < wanted.floppies().size(); n++) {
                boot.add(Kind.FLOPPY, wanted.floppies().get(n).bootIndex(), pci.isaBridge(), "isa",
                        "fdc@03f0/floppy@" + n);
            }
        }
        if (wanted.printer() != null) {
            ParallelPort parallel = new ParallelPort(vm.clock(), vm.gsi(LegacyMap.PARALLEL_IRQ),
                    new SerialSink(wanted.printer()));
            vm.ports().attach(LegacyMap.PARALLEL_PORT, ParallelPort.PORTS, added(parallel), "LPT1");
        }
        if (wanted.debugConsole() != null) {
            addDebugConsole(wanted.debugConsole(), vm.ports(), config.firmware() != null);
        }
        addPanicDevice(wanted.panicDevice(), wanted.onPanic(), vm.ports(), pci.slots());
        if (vm.hyperv() != null) {
            vm.hyperv().listener(hypervListener(wanted.onPanic()));
        }
        if (wanted.tpm() != null) {
            addTpm(wanted.tpm(), vm.mmio());
        }
        if (wanted.watchdog() != null) {
            I6300Esb watchdog = new I6300Esb(vm.clock(), () -> react(wanted.watchdog(),
                    "the guest's watchdog ran out of time", new MachineExit.WatchdogExpired()));
            pci.slots().install(watchdog.function());
        }
    }

    private void addFloppies(List<BlockBackend> diskettes, Vm vm, LegacyDevices legacy) {
        floppy = added(new FloppyController(vm.gsi(LegacyMap.FLOPPY_IRQ),
                legacy.dma().channel(FLOPPY_CHANNEL), diskettes, floppyThreads.start("floppy")));
        floppy.attach(vm.ports());
        legacy.rtc().setCmos(CMOS_FLOPPIES, floppy.driveTypes());
        legacy.rtc().setCmos(CMOS_EQUIPMENT, legacy.rtc().cmos(CMOS_EQUIPMENT) | HAS_FLOPPY
                | SECOND_FLOPPY * (diskettes.size() - 1));
    }

    /// @param firmware whether the port of firmware's log belongs to the firmware
    private static void addDebugConsole(SerialOutput output, IoBus ports, boolean firmware) {
        DebugPort port = new DebugPort(new SerialSink(output));
        ports.attach(DebugPort.BOCHS_PORT, 1, port, "debug console");
        if (!firmware) {
            ports.attach(DebugPort.SEABIOS_PORT, 1, port, "debug console");
        }
    }

    private void addPanicDevice(PanicDevice kind, Reaction reaction, IoBus ports, ExpansionSlots slots) {
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
            case PCI -> slots.install(PvpanicFunction.of(device));
        }
    }

    private HvListener hypervListener(Reaction onPanic) {
        return new HvListener() {
            @Override
            public void reset() {
                power.reset();
            }

            @Override
            public void crashed(HvCrash crash) {
                react(onPanic, "the guest's kernel crashed: " + crash.line(), new MachineExit.Panicked());
            }
        };
    }

    private void addTpm(Path socket, IoBus mmio) {
        tpm = Swtpm.connect(socket);
        // One thread carries out commands, the other one cancels them.
        tpmWorkers = Executors.newFixedThreadPool(2, Thread.ofPlatform().name("javisor-tpm-", 0).daemon().factory());
        TpmCrb registers = added(new TpmCrb(tpm, MemoryMap.TPM, tpmWorkers, reports));
        mmio.attach(MemoryMap.TPM, TpmCrb.BYTES, registers, "TPM");
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

    /// Puts another diskette into a drive, or with null none. Whatever fails leaves the drive empty.
    void changeFloppy(Disks disks, int drive, Disk disk) {
        if (drive < 0 || drive >= disks.floppies().size()) {
            throw new ConfigurationException("floppy drive " + drive + ": there are " + disks.floppies().size());
        }
        floppy.change(drive, null);
        BlockBackend opened = disks.replaceFloppy(drive, disk);
        try {
            floppy.change(drive, opened);
        } catch (IllegalArgumentException e) {
            disks.replaceFloppy(drive, null);
            throw new ConfigurationException("floppy " + disk.file() + ": " + e.getMessage(), e);
        }
    }

    /// Those that are not on the PCI bus.
    List<Chip<?>> chips() {
        return chips;
    }

    void reset() {
        chips.forEach(Chip::reset);
    }

    /// As of [DeviceThreads#settle].
    void settle() {
        floppyThreads.settle();
    }

    /// Ends the workers. No vCPU may be running, and no disk waits for room any more.
    @Override
    public void close() {
        floppyThreads.close();
        if (tpm != null) {
            closeTpm();
        }
    }

    /// Lets a command under way end; who does not answer is not waited for.
    private void closeTpm() {
        tpmWorkers.shutdown();
        try {
            if (!tpmWorkers.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                tpm.giveUp();
            }
        } catch (InterruptedException _) {
            tpm.giveUp();
            Thread.currentThread().interrupt();
        }
        tpmWorkers.close();
        tpm.close();
    }
}
