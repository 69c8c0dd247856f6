// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import org.javisor.cpu.CpuFeature;
import org.javisor.cpu.CpuVendor;
import org.javisor.cpu.TranslatorConfig;
import org.javisor.machine.MachineConfig.BootSource;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.machine.MachineConfig.Protocol;
import org.javisor.machine.MachineConfig.ResetPolicy;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.boot.InitrdFile;
import org.javisor.memory.ConfigurationException;
import org.javisor.memory.PageSource;
import org.javisor.vmm.Execution;
import org.javisor.vmm.pv.GuestInterface;

/// Collects what a [Machine] is made of. One thread at a time.
public final class MachineBuilder {
    private int cpus = 1;
    private long ramBytes = 512L << 20;
    private String kernelName;
    private byte[] kernel;
    private MachineConfig.Firmware firmware;
    private MachineConfig.Display display;
    private BoardConfig board = BoardConfig.DEFAULT;
    private String initrdName = "initrd";
    private byte[] initrd = {};
    /// Under way, or null.
    private FutureTask<Void> initrdCheck;
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
    private IommuConfig iommu;
    private List<ExtraDevice> extras = List.of();

    MachineBuilder() {
        Arrays.fill(serial, SerialOutput.NOWHERE);
    }

    public MachineBuilder cpus(int count) {
        cpus = count;
        return this;
    }

    public MachineBuilder memory(long bytes) {
        ramBytes = bytes;
        return this;
    }

    /// @throws ConfigurationException if the file cannot be read
    public MachineBuilder kernel(Path file) {
        return kernel(file.toString(), read("kernel", file));
    }

    /// @param name for messages
    public MachineBuilder kernel(String name, byte[] content) {
        kernelName = name;
        kernel = content;
        return this;
    }

    /// Whether the file is whole is found out while the machine is built.
    ///
    /// @throws ConfigurationException if the file cannot be read
    public MachineBuilder initrd(Path file) {
        byte[] content = read("initrd", file);
        String name = "initrd " + file;
        initrd(name, content);
        initrdCheck = new FutureTask<>(() -> InitrdFile.check(name, content), null);
        Thread.ofPlatform().name("javisor-initrd").daemon().start(initrdCheck);
        return this;
    }

    /// @param name for messages
    public MachineBuilder initrd(String name, byte[] content) {
        initrdName = name;
        initrd = content;
        initrdCheck = null;
        return this;
    }

    public MachineBuilder commandLine(String text) {
        commandLine = text;
        return this;
    }

    public MachineBuilder protocol(Protocol wanted) {
        protocol = wanted;
        return this;
    }

    public MachineBuilder disk(Path file, boolean readOnly) {
        return disk(new Disk(file, null, readOnly, false, FullPolicy.STOP, DiskBus.VIRTIO));
    }

    public MachineBuilder disk(Disk disk) {
        disks.add(disk);
        return this;
    }

    /// Where RAM's pages get their contents when they are first touched; guests with KVM's asynchronous page faults
    /// do something else meanwhile.
    public MachineBuilder memorySource(PageSource source) {
        memorySource = source;
        return this;
    }

    /// What guests are offered that know of hypervisors; KVM's interface, if this is not called.
    public MachineBuilder interfaces(Set<GuestInterface> offered) {
        interfaces = offered;
        return this;
    }

    /// Adds a network card.
    public MachineBuilder networkCard(NetworkCard card) {
        networkCards.add(card);
        return this;
    }

    /// @param port 0 for COM1, to 3
    public MachineBuilder serial(int port, SerialOutput output) {
        serial[port] = output;
        return this;
    }

    /// Where the virtio console's output (`hvc0` in Linux) goes.
    public MachineBuilder virtioConsole(SerialOutput output) {
        virtioConsole = output;
        return this;
    }

    public MachineBuilder onReset(ResetPolicy policy) {
        onReset = policy;
        return this;
    }

    public MachineBuilder onCrash(ResetPolicy policy) {
        onCrash = policy;
        return this;
    }

    public MachineBuilder debugExit(int port) {
        debugExitPort = port;
        return this;
    }

    /// Told in a line, once for each, of things the guest did that Javisor cannot do.
    public MachineBuilder reports(Consumer<String> listener) {
        reports = listener;
        return this;
    }

    /// Whose processor the guest is to see.
    public MachineBuilder vendor(CpuVendor maker) {
        vendor = maker;
        return this;
    }

    /// What else of the processors is to be as it usually is not.
    public MachineBuilder processor(ProcessorOptions options) {
        processor = options;
        return this;
    }

    /// Hides a processor feature, named as [CpuFeature] or in lower case.
    ///
    /// @throws ConfigurationException if there is no such feature
    public MachineBuilder withoutFeature(String name) {
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
    public MachineBuilder firmware(FirmwareImage image, SerialOutput log) {
        firmware = new MachineConfig.Firmware(image, log);
        return this;
    }

    /// Adds a VGA.
    ///
    /// @param bios what its ROM holds, for firmware without a driver of its own; empty for none
    public MachineBuilder display(byte[] bios) {
        display = new MachineConfig.Display(bios);
        return this;
    }

    /// What main board it is; a Q35, if this is not called.
    public MachineBuilder board(BoardConfig config) {
        board = config;
        return this;
    }

    /// How guest code is executed; translated where the host allows that, if this is not called.
    public MachineBuilder execution(Execution how) {
        execution = how;
        return this;
    }

    /// How the translator is to work, where there is one.
    public MachineBuilder translator(TranslatorConfig config) {
        translator = config;
        return this;
    }

    /// What hangs on USB beside disks; nothing, if this is not called.
    public MachineBuilder usb(UsbConfig wanted) {
        usb = wanted;
        return this;
    }

    /// Puts PCI functions behind an IOMMU; null for none.
    public MachineBuilder iommu(IommuConfig wanted) {
        iommu = wanted;
        return this;
    }

    /// Devices to test with.
    public MachineBuilder extras(List<ExtraDevice> wanted) {
        extras = wanted;
        return this;
    }

    /// Devices that not every machine has.
    public MachineBuilder peripherals(PeripheralConfig wanted) {
        peripherals = wanted;
        return this;
    }

    /// @throws ConfigurationException if anything in the configuration cannot be used
    public Machine build() {
        Machine machine = new Machine(config());
        try {
            awaitInitrdCheck();
        } catch (RuntimeException | Error e) {
            machine.close();
            throw e;
        }
        return machine;
    }

    private void awaitInitrdCheck() {
        try {
            if (initrdCheck != null) {
                initrdCheck.get();
            }
        } catch (ExecutionException e) {
            throw e.getCause() instanceof ConfigurationException found
                    ? found : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConfigurationException(initrdName + ": interrupted while it was checked", e);
        }
    }

    MachineConfig config() {
        BootSource boot = kernel == null ? null
                : new BootSource(kernelName, kernel, initrdName, initrd, commandLine, protocol);
        return new MachineConfig(cpus, ramBytes, boot, firmware, display, board, disks, networkCards,
                List.of(serial), virtioConsole, onReset, onCrash, debugExitPort, withheld, vendor, processor,
                reports, execution, translator, peripherals, usb, interfaces, iommu, extras, memorySource);
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
