// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.nio.file.Path;
import java.util.List;
import org.javisor.cpu.CpuFeature;
import org.javisor.cpu.CpuidModel;
import org.javisor.devices.pci.HotplugSlot;
import org.javisor.devices.pci.PciFunction;
import org.javisor.devices.usb.UsbKeyboard;
import org.javisor.devices.usb.UsbTablet;
import org.javisor.devices.vga.Screen;
import org.javisor.host.ProcessorFlags;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.ResetPolicy;
import org.javisor.machine.acpi.AcpiTables;
import org.javisor.machine.boot.EntryState;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.memory.Chip;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.ExitHandler;
import org.javisor.vmm.Capability;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.VcpuStats;
import org.javisor.vmm.Vm;
import org.javisor.vmm.EnabledCaps;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.Execution;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.VmRunner.Outcome;
import org.javisor.vmm.VmRunner;
import org.javisor.vmm.VmState;
import org.javisor.vmm.pv.GuestInterface;

/// A PC with a kernel in it, ready to run.
///
/// ```java
/// try (Machine machine = Machine.builder().cpus(2).memory(512 << 20).kernel(Path.of("vmlinuz"))
///         .commandLine("console=ttyS0").serial(0, System.out::write).build()) {
///     MachineExit exit = machine.run();
/// }
/// ```
///
/// [#run] blocks; everything else may be called by any thread meanwhile.
public final class Machine implements AutoCloseable {
    private final MachineConfig config;
    private final Hypervisor hypervisor;
    private final Vm vm;
    private final Board board;
    private final VmRunner runner;
    private volatile String crashReport = "";
    private volatile Debugger debugger;

    Machine(MachineConfig config) {
        this.config = config;
        this.hypervisor = Hypervisor.open(
                config.execution() == Execution.KVM ? EngineKind.KVM : EngineKind.SOFTWARE);
        try {
            if (config.board().smm() && !hypervisor.capabilities().contains(Capability.SYSTEM_MANAGEMENT_MODE)) {
                throw new ConfigurationException(
                        "this host's engine " + hypervisor.engine() + " has no system management mode ("
                                + "KVM_CAP_X86_SMM): choose another engine, or a board with smm off");
            }
            this.vm = hypervisor.createVm(vmConfig(config));
            this.runner = new VmRunner(vm, new Policy());
            this.board = new Board(config, vm, new Board.PowerControl() {
                @Override
                public void powerOff() {
                    end(new MachineExit.PoweredOff());
                }

                @Override
                public void reset() {
                    resetAsked();
                }

                @Override
                public void sleep() {
                    runner.sleep();
                    board.sleep(runner::wake);
                }

                @Override
                public void end(MachineExit exit) {
                    Machine.this.end(exit);
                }
            });
            for (int id = 0; id < config.cpus(); id++) {
                vm.createVcpu(id);
            }
            boot();
        } catch (RuntimeException | Error e) {
            hypervisor.close();
            throw e;
        }
    }

    private static VmConfig vmConfig(MachineConfig config) {
        VmConfig vm = VmConfig.pc(config.cpus()).withCpuid(cpuid(config)).withInterfaces(config.interfaces())
                .withReports(config.reports()).withExecution(config.execution()).withTranslator(config.translator())
                .withCaps(caps(config.processor()));
        return config.board().pit() ? vm : vm.withoutPit();
    }

    private static EnabledCaps caps(ProcessorOptions processor) {
        EnabledCaps caps = EnabledCaps.NONE.withHaltPoll(processor.haltPoll());
        return processor.forcedEmulation() ? caps.withForcedEmulation() : caps;
    }

    private static CpuidModel cpuid(MachineConfig config) {
        CpuidModel.Builder cpuid = CpuidModel.builder().cpus(config.cpus()).vendor(config.vendor())
                .physicalAddressBits(config.processor().physicalAddressBits());
        config.withheld().forEach(cpuid::without);
        if (config.interfaces().contains(GuestInterface.KVM)) {
            // Linux prefers such a counter to KVM's clock, which goes on rightly where another machine's is faster.
            cpuid.without(CpuFeature.INVARIANT_TSC);
        }
        if (!config.processor().branchTracking()) {
            cpuid.without(CpuFeature.CET_IBT);
        }
        if (config.execution() != Execution.INTERPRETER && config.execution() != Execution.KVM
                && !ProcessorFlags.has("avx2")) {
            // What the host does not execute is not translated: better the guest does without it, too.
            cpuid.without(CpuFeature.AVX);
        }
        return cpuid.build();
    }

    public static MachineBuilder builder() {
        return new MachineBuilder();
    }

    private void boot() {
        if (config.boot() == null) {
            // The first processor is at the reset vector, where the firmware begins.
            return;
        }
        firmwareRegisters();
        EntryRegisters.apply(KernelLoader.load(config, board.acpi(), vm.memory()), vm.vcpus().getFirst().registers());
    }

    private void firmwareRegisters() {
        vm.vcpus().forEach(vcpu -> FirmwareRegisters.apply(vcpu.registers(),
                config.processor().physicalAddressBits()));
    }

    /// What firmware does when a guest that it had suspended to memory wakes.
    private void goOn() {
        int vector = config.boot() == null ? 0
                : vm.memory().loadInt(AcpiTables.wakingVectorAt(MemoryMap.FIRMWARE_TABLES));
        if (vector == 0) {
            boot();
            return;
        }
        firmwareRegisters();
        EntryRegisters.apply(new EntryState(EntryState.Mode.REAL, Integer.toUnsignedLong(vector), 0, 0, 0, 0, 0, 0),
                vm.vcpus().getFirst().registers());
    }

    // How the run is to end, decided by whoever came first; what VmRunner reports only says that it did.
    private MachineExit decided;

    private void end(MachineExit exit) {
        synchronized (this) {
            if (decided == null) {
                decided = exit;
            }
        }
        runner.stop(new Outcome.Stopped(0, ""));
        // A machine that stands still would never notice.
        board.stopWaiting();
    }

    private void resetAsked() {
        switch (config.resetPolicy()) {
            case RESTART -> runner.reset();
            case STOP -> end(new MachineExit.Reset());
        }
    }

    /// What this machine does about events that its board does not answer.
    private final class Policy implements ExitHandler {
        @Override
        public OnShutdown shutdown(Vcpu vcpu, VmExit.Shutdown exit) {
            crashReport = CrashReport.of(vcpu);
            return config.crashPolicy() == ResetPolicy.RESTART ? OnShutdown.RESET : OnShutdown.STOP;
        }

        @Override
        public void reset() {
            board.reset();
            boot();
        }

        @Override
        public void wake() {
            board.awaken();
            goOn();
        }

        @Override
        public void debug(Vcpu vcpu, VmExit exit) {
            Debugger listener = debugger;
            if (listener != null) {
                listener.stopped(vcpu, exit);
            }
        }
    }

    /// Who debugs a machine.
    public interface Debugger {
        /// A vCPU met what [Vcpu#debug] asked for, or ([VmExit.Interrupted]) was kicked. Called on its thread: it goes
        /// on when this returns.
        void stopped(Vcpu vcpu, VmExit exit);
    }

    /// Has `listener`, or with null nobody, told of what a debugger wants to know. Before [#run], or with the machine
    /// paused.
    public void debugger(Debugger listener) {
        debugger = listener;
    }

    /// Runs the guest until it ends, on threads of its own, and returns how it did. Once.
    public MachineExit run() {
        Outcome outcome = runner.run();
        synchronized (this) {
            if (decided != null) {
                return decided;
            }
        }
        return switch (outcome) {
            case Outcome.Stopped _ -> new MachineExit.Stopped();
            case Outcome.TripleFault _ -> new MachineExit.Crashed(crashReport);
            case Outcome.Failed(int vcpu, String reason) -> new MachineExit.Failed("vCPU " + vcpu + ": " + reason);
        };
    }

    /// Ends [#run] from outside, as pulling the plug does.
    public void stop() {
        end(new MachineExit.Stopped());
    }

    /// Puts another medium into a CD drive; the guest hears of it. Any thread, while it runs.
    ///
    /// @param drive in the order of the configuration, 0 the first
    /// @param file  null to leave the drive empty
    /// @throws ConfigurationException if there is no such drive, or the file cannot be used
    public void changeCd(int drive, Path file) {
        board.cds().change(drive, file);
    }

    /// Presses the button of a CD drive: it opens, or a guest that has locked it is asked. Any thread.
    public void pressEject(int drive) {
        board.cds().pressEject(drive);
    }

    /// Puts a disk into the first slot for hot-plug that is free: those of root ports on a board of PCI Express, those
    /// of the root bus on another.
    ///
    /// @throws ConfigurationException if the disk cannot be used or no slot is free
    public Plugged plug(Disk disk) {
        return board.plug(disk);
    }

    /// As [#plug], for a network card.
    ///
    /// @throws ConfigurationException if its network cannot be had or no slot is free
    public Plugged plug(NetworkCard card) {
        return board.plug(card);
    }

    /// As [#plug], for any function.
    ///
    /// @param whenGone frees what is behind the function, when it has been taken out or no slot is free
    public Plugged plug(PciFunction function, Runnable whenGone) {
        return board.hotplug().plug(function, whenGone);
    }

    /// The slots for hot-plug, with what may be in them from the beginning.
    public List<HotplugSlot> slots() {
        return board.hotplug().slots();
    }

    /// What the machine holds now; it goes on, if it was not paused. What is on its disks is not in there: whoever goes
    /// on with this needs them as they are now.
    ///
    /// @throws ConfigurationException if it has what cannot be saved: a network, a TPM, memory that is still fetched
    /// @throws IllegalStateException  if its devices do not come to rest
    public MachineState save() {
        requireSavable();
        vm.pause();
        try {
            board.settle();
            return new MachineState(VmState.of(vm), board.chips(), board.ram());
        } finally {
            vm.resume();
        }
    }

    private void requireSavable() {
        if (!config.networkCards().isEmpty() || config.peripherals().tpm() != null || config.memorySource() != null) {
            throw new ConfigurationException(
                    "a machine with a network card, a TPM, or memory that is fetched when it is touched is not saved");
        }
    }

    /// Has [#run], which has not been called, go on from what a machine of the same configuration held. For its guest
    /// no time has passed.
    ///
    /// @throws ConfigurationException   if this is a machine of another kind; it is as it was
    /// @throws IllegalArgumentException if that turns out later; the machine is of no use then
    public void restore(MachineState state) {
        requireSavable();
        List<Chip<?>> chips = board.chips();
        if (!state.fits(chips, board.ram())) {
            throw new ConfigurationException("the state of a machine with other devices or memory");
        }
        vm.pause();
        try {
            state.copyTo(board.ram());
            state.vm().applyTo(vm);
            state.loadInto(chips);
        } finally {
            vm.resume();
        }
    }

    /// Presses the power button: the guest is asked to shut down.
    public void pressPowerButton() {
        board.pressPowerButton();
    }

    /// Sends bytes to a serial port, as if they came over its line; waits while the port's queue is full.
    ///
    /// @param port 0 for COM1, to 3
    public void send(int port, byte[] bytes) throws InterruptedException {
        board.send(port, bytes);
    }

    /// As [#send], but drops what does not fit at once.
    public void offer(int port, byte[] bytes) {
        board.offer(port, bytes);
    }

    /// Tells the guest the size of its virtio console.
    public void resize(int columns, int rows) {
        board.resize(columns, rows);
    }

    /// A key of the guest's keyboard goes down or up.
    ///
    /// @param code     its make code in scan code set 1
    /// @param extended whether that is prefixed by 0xe0
    /// @return false if it is lost, as the keyboard's buffer is full
    public boolean key(int code, boolean extended, boolean down) {
        UsbKeyboard keyboard = board.usb().keyboard();
        return keyboard != null ? keyboard.key(code, extended, down) : board.keyboard().key(code, extended, down);
    }

    /// What the guest shows on its keyboard: scroll lock, num lock and caps lock in bits 0 to 2.
    public int keyboardLeds() {
        UsbKeyboard keyboard = board.usb().keyboard();
        return keyboard != null ? keyboard.leds() : board.keyboard().leds();
    }

    /// The guest's mouse moves, counted right and up, or its wheel turns toward its user, or buttons change.
    ///
    /// @param buttons left, right, middle, back and forward in bits 0 to 4
    public void mouse(int dx, int dy, int dz, int buttons) {
        board.keyboard().mouse(dx, dy, dz, buttons);
    }

    /// Whether there is a tablet, used or not.
    public boolean hasTablet() {
        return config.usb().tablet();
    }

    /// The guest's pointer goes to a place, or its wheel turns, or buttons change; with a tablet alone.
    ///
    /// @param x       0 to 0x7fff, from the left
    /// @param y       0 to 0x7fff, from the top
    /// @param dz      notches toward the user
    /// @param buttons left, right and middle in bits 0 to 2
    /// @return whether there is a tablet that the guest uses
    public boolean point(int x, int y, int dz, int buttons) {
        UsbTablet tablet = board.usb().tablet();
        if (tablet != null) {
            tablet.move(x, y, -dz, buttons);
        }
        return tablet != null;
    }

    /// What the VGA shows; null without one.
    public Screen screen() {
        return board.screen();
    }

    /// Puts another diskette into a floppy drive, or with null none, as a person would; what the guest does with the
    /// old one ends with an error. One thread at a time.
    ///
    /// @param drive 0 or 1
    /// @throws ConfigurationException if there is no such drive, or the image cannot be used: the drive is empty then
    public void changeFloppy(int drive, Disk disk) {
        board.changeFloppy(drive, disk);
    }

    /// The frequency in hertz that the PC speaker sounds at, or 0.
    public int tone() {
        return vm.chips().pit().tone();
    }

    /// What the processors did so far.
    public VcpuStats stats() {
        return vm.stats();
    }

    /// The hypervisor's view of this machine, for whoever wants to look deeper.
    public Vm vm() {
        return vm;
    }

    /// Frees everything. [#run] must have returned, or never have been called.
    @Override
    public void close() {
        board.close();
        hypervisor.close();
        board.freeMemory();
    }
}
