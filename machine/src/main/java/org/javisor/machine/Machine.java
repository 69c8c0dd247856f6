// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import org.javisor.cpu.CpuFeature;
import org.javisor.cpu.CpuVendor;
import org.javisor.cpu.CpuidModel;
import org.javisor.devices.pci.HotplugSlot;
import org.javisor.devices.pci.PciFunction;
import org.javisor.devices.usb.UsbKeyboard;
import org.javisor.devices.usb.UsbTablet;
import org.javisor.devices.vga.Screen;
import org.javisor.cpu.TranslatorConfig;
import org.javisor.host.ProcessorFlags;
import org.javisor.machine.MachineConfig.BootSource;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.machine.MachineConfig.Protocol;
import org.javisor.machine.MachineConfig.ResetPolicy;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.acpi.AcpiTables;
import org.javisor.machine.boot.EntryState;
import org.javisor.machine.boot.InitrdFile;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.memory.ConfigurationException;
import org.javisor.memory.PageSource;
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

    private Machine(MachineConfig config) {
        this.config = config;
        this.hypervisor = Hypervisor.open(
                config.execution() == Execution.KVM ? EngineKind.KVM : EngineKind.SOFTWARE);
        try {
            if (config.board().smm() && !hypervisor.capabilities().contains(Capability.SYSTEM_MANAGEMENT_MODE)) {
                throw new ConfigurationException(
                        "this engine has no system management mode: choose another, or a board with smm off");
            }
            CpuidModel.Builder cpuid = CpuidModel.builder().cpus(config.cpus()).vendor(config.vendor())
                    .physicalAddressBits(config.processor().physicalAddressBits());
            config.withheld().forEach(cpuid::without);
            if (!config.processor().branchTracking()) {
                cpuid.without(CpuFeature.CET_IBT);
            }
            if (config.execution() != Execution.INTERPRETER && config.execution() != Execution.KVM
                    && !ProcessorFlags.has("avx2")) {
                // What the host does not execute is not translated: better the guest does without it, too.
                cpuid.without(CpuFeature.AVX);
            }
            this.vm = hypervisor.createVm(VmConfig.pc(config.cpus()).withCpuid(cpuid.build())
                    .withInterfaces(config.interfaces()).withReports(config.reports()).withExecution(config.execution())
                    .withTranslator(config.translator()).withCaps(config.processor().forcedEmulation()
                            ? EnabledCaps.NONE.withForcedEmulation() : EnabledCaps.NONE));
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

    public static Builder builder() {
        return new Builder();
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

    /// Collects what a machine is made of.
    public static final class Builder {
        private int cpus = 1;
        private long ramBytes = 512L << 20;
        private String kernelName;
        private byte[] kernel;
        private MachineConfig.Firmware firmware;
        private MachineConfig.Display display;
        private BoardConfig board = BoardConfig.DEFAULT;
        private String initrdName = "initrd";
        private byte[] initrd = {};
        private String commandLine = "";
        private Protocol protocol = Protocol.AUTO;
        private final List<Disk> disks = new ArrayList<>();
        private PageSource memorySource;
        private Set<GuestInterface> interfaces = EnumSet.of(GuestInterface.KVM);
        private final List<NetworkCard> networkCards = new ArrayList<>();
        private final SerialOutput[] serial = new SerialOutput[MachineConfig.SERIAL_PORTS];
        private SerialOutput virtioConsole = SerialOutput.NOWHERE;
        private ResetPolicy onReset = ResetPolicy.RESTART;
        private ResetPolicy onCrash = ResetPolicy.STOP;
        private int debugExitPort;
        private final Set<CpuFeature> withheld = EnumSet.noneOf(CpuFeature.class);
        private CpuVendor vendor = CpuVendor.INTEL;
        private ProcessorOptions processor = ProcessorOptions.DEFAULT;

        private Consumer<String> reports = _ -> { };
        private Execution execution = Execution.AUTO;
        private TranslatorConfig translator = TranslatorConfig.DEFAULT;
        private PeripheralConfig peripherals = PeripheralConfig.NONE;
        private UsbConfig usb = UsbConfig.NONE;

        private Builder() {
            java.util.Arrays.fill(serial, SerialOutput.NOWHERE);
        }

        public Builder cpus(int count) {
            cpus = count;
            return this;
        }

        public Builder memory(long bytes) {
            ramBytes = bytes;
            return this;
        }

        /// @throws ConfigurationException if the file cannot be read
        public Builder kernel(Path file) {
            return kernel(file.toString(), read("kernel", file));
        }

        /// @param name for messages
        public Builder kernel(String name, byte[] content) {
            kernelName = name;
            kernel = content;
            return this;
        }

        /// @throws ConfigurationException if the file cannot be read or is not whole
        public Builder initrd(Path file) {
            byte[] content = read("initrd", file);
            InitrdFile.check("initrd " + file, content);
            return initrd("initrd " + file, content);
        }

        /// @param name for messages
        public Builder initrd(String name, byte[] content) {
            initrdName = name;
            initrd = content;
            return this;
        }

        public Builder commandLine(String text) {
            commandLine = text;
            return this;
        }

        public Builder protocol(Protocol wanted) {
            protocol = wanted;
            return this;
        }

        public Builder disk(Path file, boolean readOnly) {
            return disk(new Disk(file, null, readOnly, false, FullPolicy.STOP, DiskBus.VIRTIO));
        }

        public Builder disk(Disk disk) {
            disks.add(disk);
            return this;
        }

        /// Where RAM's pages get their contents when they are first touched; guests with KVM's asynchronous page faults
        /// do something else meanwhile.
        public Builder memorySource(PageSource source) {
            memorySource = source;
            return this;
        }

        /// What guests are offered that know of hypervisors; KVM's interface, if this is not called.
        public Builder interfaces(Set<GuestInterface> offered) {
            interfaces = offered;
            return this;
        }

        /// Adds a network card.
        public Builder networkCard(NetworkCard card) {
            networkCards.add(card);
            return this;
        }

        /// @param port 0 for COM1, to 3
        public Builder serial(int port, SerialOutput output) {
            serial[port] = output;
            return this;
        }

        /// Where the virtio console's output (`hvc0` in Linux) goes.
        public Builder virtioConsole(SerialOutput output) {
            virtioConsole = output;
            return this;
        }

        public Builder onReset(ResetPolicy policy) {
            onReset = policy;
            return this;
        }

        public Builder onCrash(ResetPolicy policy) {
            onCrash = policy;
            return this;
        }

        public Builder debugExit(int port) {
            debugExitPort = port;
            return this;
        }

        /// Told in a line, once for each, of things the guest did that Javisor cannot do.
        public Builder reports(Consumer<String> listener) {
            reports = listener;
            return this;
        }

        /// Whose processor the guest is to see.
        public Builder vendor(CpuVendor maker) {
            vendor = maker;
            return this;
        }

        /// What else of the processors is to be as it usually is not.
        public Builder processor(ProcessorOptions options) {
            processor = options;
            return this;
        }

        /// Hides a processor feature, named as [CpuFeature] or in lower case.
        ///
        /// @throws ConfigurationException if there is no such feature
        public Builder withoutFeature(String name) {
            try {
                withheld.add(CpuFeature.valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_').replace('.', '_')));
                return this;
            } catch (IllegalArgumentException e) {
                throw new ConfigurationException("processor feature '" + name + "': unknown; the features are "
                        + EnumSet.allOf(CpuFeature.class).toString().toLowerCase(Locale.ROOT), e);
            }
        }

        /// Starts from firmware instead of a kernel.
        ///
        /// @param log takes what it writes to its debug port, 0x402
        public Builder firmware(FirmwareImage image, SerialOutput log) {
            firmware = new MachineConfig.Firmware(image, log);
            return this;
        }

        /// Adds a VGA.
        ///
        /// @param bios what its ROM holds, for firmware without a driver of its own; empty for none
        public Builder display(byte[] bios) {
            display = new MachineConfig.Display(bios);
            return this;
        }

        /// What main board it is; a Q35, if this is not called.
        public Builder board(BoardConfig config) {
            board = config;
            return this;
        }

        /// How guest code is executed; translated where the host allows that, if this is not called.
        public Builder execution(Execution how) {
            execution = how;
            return this;
        }

        /// How the translator is to work, where there is one.
        public Builder translator(TranslatorConfig config) {
            translator = config;
            return this;
        }

        /// What hangs on USB beside disks; nothing, if this is not called.
        public Builder usb(UsbConfig wanted) {
            usb = wanted;
            return this;
        }

        /// Devices that not every machine has.
        public Builder peripherals(PeripheralConfig wanted) {
            peripherals = wanted;
            return this;
        }

        /// @throws ConfigurationException if anything in the configuration cannot be used
        public Machine build() {
            return new Machine(config());
        }

        MachineConfig config() {
            BootSource boot = kernel == null ? null
                    : new BootSource(kernelName, kernel, initrdName, initrd, commandLine, protocol);
            return new MachineConfig(cpus, ramBytes, boot, firmware, display, board, disks, networkCards,
                    List.of(serial), virtioConsole, onReset, onCrash, debugExitPort, withheld, vendor, processor,
                    reports, execution, translator, peripherals, usb, interfaces,
                    memorySource);
        }

        private static byte[] read(String what, Path file) {
            try {
                return Files.readAllBytes(file);
            } catch (IOException e) {
                String why = Files.notExists(file) ? "no such file"
                        : Files.isDirectory(file) ? "a directory; a file is meant" : e.getMessage();
                throw new ConfigurationException(what + " " + file + ": " + why, e);
            }
        }
    }
}
