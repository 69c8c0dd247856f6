// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Supplier;
import jdk.jfr.Recording;
import org.javisor.app.console.PersonsTerminal;
import org.javisor.app.control.ControlServer;
import org.javisor.app.gdb.GdbServer;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianFirmware;
import org.javisor.app.guest.DebianGuest;
import org.javisor.app.vnc.VncServer;
import org.javisor.cpu.TranslationStats;
import org.javisor.machine.FirmwareImage;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineBuilder;
import org.javisor.machine.MachineConfig.Protocol;
import org.javisor.machine.MachineConfig.ResetPolicy;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.MachineExit;
import org.javisor.vmm.Execution;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `javisor run`: boots a guest with its first serial port in the person's terminal, or runs one command in it.
@Command(name = "run", mixinStandardHelpOptions = true,
        description = "Boots a guest: the kernel given, or Debian's with a busybox shell.",
        footer = {"", "In a terminal, Ctrl-A x ends the guest and Ctrl-A h shows help.",
            "Exit status: 0 powered off, 1 bug in Javisor, 2 unusable option or file, 3 guest crashed,",
            "4 reset with --on-reset stop; with --exec the command's own; with --debug-exit value*2+1."})
final class RunCommand implements Callable<Integer> {
    private static final String DEFAULT_COMMAND_LINE = "console=ttyS0 quiet cryptomgr.notests";
    private static final int CONSOLE = 0, COMMAND_OUTPUT = 1, COMMAND_ERRORS = 2, AGENT = 3;

    @Option(names = "--kernel", paramLabel = "FILE", description = "Linux bzImage, or ELF kernel with a PVH entry.")
    private Path kernel;

    @Option(names = "--initrd", paramLabel = "FILE", description = "Initial RAM disk.")
    private Path initrd;

    @Option(names = "--append", paramLabel = "TEXT",
            description = "Kernel command line; for Debian's kernel, added to \"" + DEFAULT_COMMAND_LINE + "\".")
    private String append = "";

    @Option(names = "--memory", paramLabel = "SIZE", converter = ByteSize.Converter.class,
            description = "Guest RAM, as in 512M (the default) or 4G.")
    private ByteSize memory = new ByteSize(512L << 20);

    @Option(names = "--cpus", paramLabel = "N", description = "Virtual CPUs (default 2).")
    private int cpus = 2;

    @Mixin
    private StorageOptions storage;

    @Option(names = "--exec", paramLabel = "COMMAND",
            description = "Run COMMAND in the Debian guest and end with its exit status.")
    private String exec;

    @Mixin
    private GuestOptions guestOptions;

    @Mixin
    private PeripheralOptions peripherals;

    @Mixin
    private UsbOptions usb;

    @Option(names = "--boot", paramLabel = "PROTOCOL",
            description = "How to enter the kernel: auto (the default), linux64, linux32, pvh or multiboot.")
    private Protocol protocol = Protocol.AUTO;

    @Option(names = "--on-reset", paramLabel = "POLICY",
            description = "When the guest resets itself: restart (the default) or stop.")
    private ResetPolicy onReset = ResetPolicy.RESTART;

    @Option(names = "--on-crash", paramLabel = "POLICY",
            description = "When the guest crashes (triple fault): stop with its state (the default) or restart.")
    private ResetPolicy onCrash = ResetPolicy.STOP;

    @Option(names = "--without", paramLabel = "FEATURE", split = ",",
            description = "Processor features to hide, as in la57,x2apic; repeatable.")
    private List<String> without = List.of();

    @Option(names = "--engine", paramLabel = "ENGINE", description = "How guest code is executed: auto (the default)"
            + " translates it where the host allows that; translator, interpreter; check: translated, and slowly"
            + " compared with the interpreter; or kvm: by the host's processor.")
    private Execution execution = Execution.AUTO;

    @Option(names = "--debug-exit", paramLabel = "PORT", description = "Add an isa-debug-exit device, as at 0xf4.")
    private int debugExit;

    @Option(names = "--firmware", paramLabel = "NAME", description = "Start from firmware instead of a kernel: seabios,"
            + " ovmf (UEFI), ovmf-secure (UEFI with Secure Boot), or a file that is the ROM.")
    private String firmware;

    @Option(names = "--uefi-variables", paramLabel = "FILE", description = "Keep UEFI variables in FILE; made if it"
            + " does not exist.")
    private Path variables;

    @Option(names = "--firmware-log", paramLabel = "FILE", description = "Write what firmware says to its debug port to"
            + " FILE.")
    private Path firmwareLog;

    @Mixin
    private DisplayOptions display;

    @Mixin
    private ControlOptions control;

    @Mixin
    private RecordingOptions recording;

    @Option(names = "--gdb", paramLabel = "WHERE", description = "Let gdb debug the guest: PORT, HOST:PORT or the path"
            + " of a socket (with a /); in gdb: target remote WHERE.")
    private String gdb;

    @Option(names = "--gdb-wait", description = "With --gdb: do not start before gdb says continue.")
    private boolean gdbWait;

    @Option(names = "--stats", description = "At the end, tell what was executed and where time went.")
    private boolean stats;

    @Mixin
    private TranslatorOptions translator;

    @Mixin
    private BoardOptions board;

    @Mixin
    private NetworkOptions network;

    @Mixin
    private IommuOptions iommu;

    @Mixin
    private ParavirtOptions paravirt;

    @Spec
    private CommandSpec spec;

    /// Who shows reports while the terminal shows the guest's screen; else null.
    private volatile Consumer<String> said;
    private final ByteRing recentOutput = new ByteRing(4096);

    @Override
    public Integer call() {
        checkCombinations();
        long started = System.nanoTime();
        MachineBuilder builder = Machine.builder().cpus(cpus).memory(memory.bytes()).protocol(protocol)
                .execution(execution).onReset(exec == null ? onReset : ResetPolicy.STOP).onCrash(onCrash)
                .reports(this::report).board(board.config());
        if (debugExit != 0) {
            builder.debugExit(debugExit);
        }
        storage.disks(board.config().model()).forEach(builder::disk);
        usb.disks(storage.snapshot()).forEach(builder::disk);
        builder.usb(usb.config());
        builder.iommu(iommu.config()).extras(iommu.devices());
        builder.interfaces(paravirt.interfaces()).processor(paravirt.processor());
        network.cards(firmware != null, new Progress(err())).forEach(builder::networkCard);
        without.forEach(builder::withoutFeature);
        chooseKernel(builder);
        try (Recording _ = recording.start(); PeripheralOptions devices = peripherals;
                TranslatorOptions code = translator) {
            builder.peripherals(devices.config(storage.snapshot(), this::report));
            builder.translator(code.config(stats));
            return exec != null ? runCommand(builder, started) : runInteractively(builder, started);
        }
    }

    /// At once: a machine that stands still says so here.
    private void report(String report) {
        Consumer<String> screen = said;
        if (screen != null) {
            screen.accept("javisor: " + report);
            return;
        }
        err().print("javisor: " + report + "\r\n");
        err().flush();
    }

    private void checkCombinations() {
        if (exec != null && (kernel != null || initrd != null)) {
            throw usage("--exec runs in Debian's guest: it goes with neither --kernel nor --initrd");
        }
        if (execution == Execution.CHECK && cpus != 1) {
            throw usage("--engine check compares one processor: it goes with --cpus 1");
        }
        if (firmware != null && (kernel != null || exec != null)) {
            throw usage("--firmware starts what is on a disk: it goes with neither --kernel nor --exec");
        }
        if (guestOptions.given() && (kernel != null || firmware != null)) {
            throw usage("--guest-kernel and --guest-modules are about Debian's guest: they go with neither --kernel nor"
                    + " --firmware");
        }
        if (firmware == null && (variables != null || firmwareLog != null)) {
            throw usage("--uefi-variables and --firmware-log need --firmware");
        }
        if (firmware == null && board.needFirmware()) {
            throw usage("--boot-order, --boot-menu and --smm need --firmware");
        }
        String complaint = display.complaint(firmware != null);
        if (complaint != null) {
            throw usage(complaint);
        }
        display.prepare();
        if (gdbWait && gdb == null) {
            throw usage("--gdb-wait needs --gdb");
        }
        if (initrd != null && kernel == null) {
            throw usage("--initrd needs --kernel");
        }
    }

    private ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private void chooseKernel(MachineBuilder builder) {
        if (display.adapter()) {
            builder.display(DebianFirmware.vgaBios(Cache.of(System.getenv()), new Progress(err())));
        }
        if (firmware != null) {
            FirmwareImage image =
                    DebianFirmware.get(firmware, variables, Cache.of(System.getenv()), new Progress(err()));
            builder.firmware(image, firmwareLog()).board(board.config(image));
            return;
        }
        if (kernel != null) {
            builder.kernel(kernel).commandLine(append);
            if (initrd != null) {
                builder.initrd(initrd);
            }
            return;
        }
        DebianGuest guest = guestOptions.guest(new Progress(err()));
        builder.kernel(guest.kernel()).commandLine((DEFAULT_COMMAND_LINE + terminalType() + " " + append).strip());
        builder.initrd("initramfs", exec == null ? guest.interactive() : guest.running(exec));
    }

    /// The kernel hands words of this form on to its first process as environment.
    private static String terminalType() {
        String type = System.getenv().getOrDefault("TERM", "");
        return type.matches("[A-Za-z0-9.+-]{1,32}") && !type.equals("dumb") ? " TERM=" + type : "";
    }

    private PrintWriter err() {
        return spec.commandLine().getErr();
    }

    private int runInteractively(MachineBuilder builder, long started) {
        ConsoleSize size = new ConsoleSize();
        if (!display.inTerminal()) {
            builder.serial(CONSOLE, toStream(PersonsTerminal.output()));
        }
        builder.serial(AGENT, size);
        try (Machine machine = built(builder)) {
            size.connect(bytes -> machine.offer(AGENT, bytes));
            return finish(machine, served(machine, () -> runInTerminal(machine, size)), started);
        }
    }

    private MachineExit runInTerminal(Machine machine, ConsoleSize size) {
        try (PersonsTerminal terminal = PersonsTerminal.open()) {
            if (display.inTerminal()) {
                return ScreenConsole.run(machine, terminal, saying -> said = saying);
            }
            terminal.startInput(bytes -> send(machine, CONSOLE, bytes), machine::stop, terminal::print,
                    ScreenConsole.commands(machine, text -> terminal.print("\r\njavisor: " + text + "\r\n")));
            terminal.onResize((rows, columns) -> {
                size.resized(rows, columns);
                machine.resize(columns, rows);
            });
            return machine.run();
        }
    }

    private SerialOutput firmwareLog() {
        if (firmwareLog == null) {
            return SerialOutput.NOWHERE;
        }
        try {
            return toStream(Files.newOutputStream(firmwareLog));
        } catch (IOException e) {
            throw usage("--firmware-log " + firmwareLog + ": cannot be written: " + e.getMessage());
        }
    }

    private static void send(Machine machine, int port, byte[] bytes) {
        try {
            machine.send(port, bytes);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private int runCommand(MachineBuilder builder, long started) {
        CommandResult result = new CommandResult();
        builder.serial(CONSOLE, recentOutput).serial(COMMAND_OUTPUT, toStream(System.out))
                .serial(COMMAND_ERRORS, toStream(System.err)).serial(AGENT, result);
        try (Machine machine = built(builder)) {
            result.whenKnown(machine::stop);
            MachineExit exit = served(machine, machine::run);
            System.out.flush();
            if (result.known()) {
                printWhatWasAsked(machine, started);
                return result.status();
            }
            err().print(recentOutput.text());
            err().println("javisor: the guest ended before the command did");
            int status = finish(machine, exit, started);
            return status == ExitStatus.POWERED_OFF ? ExitStatus.CRASHED : status;
        }
    }

    /// Runs the machine with the servers beside it that are wanted.
    private MachineExit served(Machine machine, Supplier<MachineExit> run) {
        try (GdbServer debugger = gdb == null ? null : GdbServer.listen(machine, gdb, gdbWait, this::report);
                VncServer vnc = display.listen(machine, this::report);
                ControlServer _ = control.listen(machine.vm(), this::report)) {
            if (debugger != null) {
                report("gdb may connect to " + debugger.address());
            }
            if (vnc != null) {
                report("VNC clients may connect to " + vnc.address());
            }
            return run.get();
        }
    }

    private static SerialOutput toStream(OutputStream out) {
        return (bytes, from, count) -> {
            try {
                out.write(bytes, from, count);
                out.flush();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
    }

    private int finish(Machine machine, MachineExit exit, long started) {
        printWhatWasAsked(machine, started);
        display.finish(machine);
        return switch (exit) {
            case MachineExit.PoweredOff _, MachineExit.Stopped _ -> ExitStatus.POWERED_OFF;
            case MachineExit.Reset _ -> ExitStatus.RESET;
            case MachineExit.DebugExit(int status) -> status & 0xff;
            case MachineExit.Crashed(String report) -> {
                err().println("javisor: the guest crashed (triple fault)\n" + report);
                yield ExitStatus.CRASHED;
            }
            case MachineExit.Panicked _, MachineExit.WatchdogExpired _ -> ExitStatus.CRASHED;
            case MachineExit.Failed(String reason) -> {
                err().println("javisor: internal error: " + reason);
                yield ExitStatus.INTERNAL_ERROR;
            }
        };
    }

    private Machine built(MachineBuilder builder) {
        Machine machine = builder.build();
        if (stats) {
            machine.vm().countInstructions();
        }
        return machine;
    }

    private void printWhatWasAsked(Machine machine, long started) {
        for (AddressRange range : translator.disassembled()) {
            err().print(machine.vm().listing(range.from(), range.to()));
            err().flush();
        }
        if (stats) {
            long nanos = System.nanoTime() - started;
            err().print(new StatsReport(machine.stats(), nanos));
            TranslationStats translation = machine.vm().translationStats();
            if (translation != null) {
                err().print(new TranslationReport(translation, machine.stats()));
            }
            err().flush();
        }
    }
}
