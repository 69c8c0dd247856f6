// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.javisor.cpu.CpuFeature;
import org.javisor.cpu.CpuVendor;
import org.javisor.cpu.TranslatorConfig;
import org.javisor.devices.block.image.ImageFormat;
import org.javisor.machine.acpi.AcpiConfig;
import org.javisor.memory.ConfigurationException;
import org.javisor.memory.PageSource;
import org.javisor.memory.GuestMemory;
import org.javisor.vmm.Execution;
import org.javisor.vmm.pv.GuestInterface;

/// What a [Machine] is made of. Made by [MachineBuilder]; the constructor checks every value.
///
/// @param cpus          1 to [#MAX_CPUS]
/// @param ramBytes      [#MIN_RAM] to [#MAX_RAM], whole pages
/// @param boot          the kernel to run; null to start from firmware
/// @param firmware      the firmware to start from, and null with a kernel
/// @param display       a VGA; null for none
/// @param board         the main board
/// @param disks         in the order of their slots
/// @param networkCards  in the order of their slots
/// @param serial        where the output of COM1 to COM4 goes; at most four
/// @param virtioConsole where the output of the virtio console goes
/// @param resetPolicy   what follows a reset that the guest asks for
/// @param crashPolicy   what follows a triple fault
/// @param debugExitPort port of an `isa-debug-exit` device, or 0 for none
/// @param withheld      processor features that the guest is not to see
/// @param vendor        whose processors the guest is to see
/// @param processor     what else of the processors is chosen
/// @param reports       told in a line, once for each, of things the guest did that Javisor cannot do
/// @param execution     how guest code is executed
/// @param translator    how the translator is to work, where there is one
/// @param peripherals   devices that not every machine has
/// @param usb           what hangs on USB beside disks
/// @param interfaces    what guests are offered to make their life with a hypervisor easier
/// @param iommu         what PCI functions are behind; null for nothing
/// @param extras        devices to test with
/// @param memorySource  where RAM's pages get their contents when they are first touched; null for zeros
public record MachineConfig(
        int cpus, long ramBytes, BootSource boot, Firmware firmware, Display display,
        BoardConfig board, List<Disk> disks, List<NetworkCard> networkCards,
        List<SerialOutput> serial, SerialOutput virtioConsole, ResetPolicy resetPolicy, ResetPolicy crashPolicy,
        int debugExitPort, Set<CpuFeature> withheld, CpuVendor vendor, ProcessorOptions processor,
        Consumer<String> reports, Execution execution, TranslatorConfig translator, PeripheralConfig peripherals,
        UsbConfig usb, Set<GuestInterface> interfaces, IommuConfig iommu, List<ExtraDevice> extras,
        PageSource memorySource) {
    public static final int MAX_CPUS = 16;
    public static final long MIN_RAM = 16L << 20, MAX_RAM = 512L << 30;
    public static final int MAX_DISKS = 16, MAX_NETWORK_CARDS = 8, SERIAL_PORTS = 4;

    /// What to do when the guest resets itself, or crashes.
    public enum ResetPolicy {
        /// Start again, as a PC does.
        RESTART,
        /// End.
        STOP
    }

    /// How a kernel is entered.
    public enum Protocol {
        /// By what the file is: the 64-bit Linux protocol for a bzImage, Multiboot for a file with its header, PVH for
        /// other ELF files.
        AUTO,
        LINUX64,
        LINUX32,
        PVH,
        MULTIBOOT
    }

    /// A kernel and what it is given.
    ///
    /// @param kernelName for messages
    /// @param initrdName for messages
    /// @param initrd     empty for none
    public record BootSource(String kernelName, byte[] kernel, String initrdName, byte[] initrd, String commandLine,
                             Protocol protocol) { }

    /// Firmware to start from.
    ///
    /// @param log takes what it writes to its debug port
    public record Firmware(FirmwareImage image, SerialOutput log) { }

    /// A VGA.
    ///
    /// @param bios what its ROM holds; empty for none
    public record Display(byte[] bios) { }

    /// A disk and the image that it is in.
    ///
    /// @param format    null to find out
    /// @param throwaway whether what is written is forgotten at the end; the file is only read then
    /// @param whenFull  what happens when the host has no room for what the guest writes
    /// @param bus       what it is attached to
    /// @param optical   whether it is in a CD drive; only read then
    /// @param place     where its function is put, if it has one of its own
    /// @param bootIndex where firmware tries to start from it, as in [BootOrder]
    public record Disk(Path file, ImageFormat format, boolean readOnly, boolean throwaway, FullPolicy whenFull,
                       DiskBus bus, boolean optical, PciPlace place, int bootIndex) {
        public Disk {
            require(!optical || readOnly, "CD " + file + ": is only read");
            require(!optical || bus.optical(), "CD " + file + ": the bus " + bus + " has no CD drives");
        }

        /// A disk that is no CD, on the root bus.
        public Disk(Path file, ImageFormat format, boolean readOnly, boolean throwaway, FullPolicy whenFull,
                    DiskBus bus) {
            this(file, format, readOnly, throwaway, whenFull, bus, false, PciPlace.ROOT, BootOrder.NONE);
        }
    }

    /// What to do when the host has no room for what the guest writes to a disk.
    public enum FullPolicy {
        /// The machine stands still until there is room, and goes on as if nothing had been.
        STOP,
        /// The guest is told of an I/O error.
        REPORT
    }

    /// Takes what a guest sends to a serial port; called in order, on whichever thread the guest's byte came from.
    @FunctionalInterface
    public interface SerialOutput {
        SerialOutput NOWHERE = (_, _, _) -> { };

        void write(byte[] bytes, int from, int count);
    }

    public MachineConfig {
        require(cpus >= 1 && cpus <= MAX_CPUS, cpus + " CPUs: 1 to " + MAX_CPUS + " are possible");
        require(ramBytes >= MIN_RAM && ramBytes <= MAX_RAM && ramBytes % GuestMemory.PAGE_BYTES == 0,
                "memory of " + ramBytes + " bytes: " + (MIN_RAM >> 20) + " MiB to " + (MAX_RAM >> 30)
                        + " GiB in whole pages are possible");
        require(disks.size() <= MAX_DISKS, disks.size() + " disks: at most " + MAX_DISKS + " fit");
        require(networkCards.size() <= MAX_NETWORK_CARDS,
                networkCards.size() + " network cards: at most " + MAX_NETWORK_CARDS + " fit");
        require(serial.size() <= SERIAL_PORTS, serial.size() + " serial ports: at most " + SERIAL_PORTS + " exist");
        require(debugExitPort >= 0 && debugExitPort <= 0xfffc,
                "debug exit port " + debugExitPort + ": a port number up to 65532 is meant");
        require(boot != null || firmware != null, "no kernel or firmware to run");
        require(boot == null || firmware == null, "a kernel is entered without firmware: name one of them");
        require(firmware == null || !firmware.image().secure() || board.smm() && board.model().express(),
                "this firmware protects its variables by system management mode: it needs the board q35 with smm on");
        require(firmware == null || board.pit(), "firmware takes its time from the PIT: pit off needs a kernel");
        require(iommu == null || board.model().express(), "an IOMMU needs the board q35");
        require(translator.cacheBytes() >= TranslatorConfig.MIN_CACHE_BYTES
                        && translator.cacheBytes() <= TranslatorConfig.MAX_CACHE_BYTES
                        && translator.cacheBytes() % GuestMemory.PAGE_BYTES == 0,
                "a code cache of " + translator.cacheBytes() + " bytes: " + (TranslatorConfig.MIN_CACHE_BYTES >> 20)
                        + " MiB to " + (TranslatorConfig.MAX_CACHE_BYTES >> 30) + " GiB in whole pages are possible");
        disks = List.copyOf(disks);
        networkCards = List.copyOf(networkCards);
        serial = List.copyOf(serial);
        withheld = Set.copyOf(withheld);
        interfaces = Set.copyOf(interfaces);
        extras = List.copyOf(extras);
    }

    /// What the ACPI tables are to say of a board that is configured as without firmware.
    AcpiConfig acpi() {
        return AcpiConfig.of(board.model(), cpus, ramBytes, SERIAL_PORTS).with(peripherals.acpi())
                .with(iommu == null ? null : iommu.acpi(processor.physicalAddressBits()));
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new ConfigurationException(message);
        }
    }
}
