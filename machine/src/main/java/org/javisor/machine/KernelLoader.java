// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import org.javisor.machine.acpi.AcpiConfig;
import org.javisor.machine.acpi.AcpiTables;
import org.javisor.machine.boot.BootRequest;
import org.javisor.machine.boot.E820;
import org.javisor.machine.boot.ElfImage;
import org.javisor.machine.boot.EntryState;
import org.javisor.machine.boot.LinuxBoot;
import org.javisor.machine.boot.Multiboot;
import org.javisor.machine.boot.PvhBoot;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.machine.smbios.Smbios;
import org.javisor.memory.ConfigurationException;
import org.javisor.memory.GuestMemory;

/// Does for a kernel what firmware would: tables in low memory, the kernel where it wants to be.
final class KernelLoader {
    private KernelLoader() { }

    /// Fills guest memory for `config` and says how the first processor is to enter it.
    ///
    /// @param acpi what the ACPI tables are to say
    /// @throws ConfigurationException if the kernel or its initial RAM disk cannot be used
    static EntryState load(MachineConfig config, AcpiConfig acpi, GuestMemory memory) {
        writeFirmwareTables(acpi, memory);
        MachineConfig.BootSource boot = config.boot();
        BootRequest request = new BootRequest(boot.kernelName(), boot.kernel(), boot.initrdName(), boot.initrd(),
                boot.commandLine(), config.ramBytes(), E820.of(config.ramBytes(), acpi.ecam()),
                MemoryMap.FIRMWARE_TABLES);
        return switch (boot.protocol()) {
            case LINUX64 -> LinuxBoot.load(request, memory, true);
            case LINUX32 -> LinuxBoot.load(request, memory, false);
            case PVH -> PvhBoot.load(request, memory);
            case MULTIBOOT -> Multiboot.load(request, memory);
            case AUTO -> loadAsRecognised(request, memory);
        };
    }

    private static EntryState loadAsRecognised(BootRequest request, GuestMemory memory) {
        if (LinuxBoot.recognises(request.kernel())) {
            return LinuxBoot.load(request, memory, true);
        }
        if (Multiboot.recognises(request.kernel())) {
            return Multiboot.load(request, memory);
        }
        if (ElfImage.recognises(request.kernel())) {
            return PvhBoot.load(request, memory);
        }
        throw new ConfigurationException("kernel " + request.kernelName()
                + ": neither a Linux bzImage nor an ELF file with a PVH entry point nor a Multiboot kernel");
    }

    private static void writeFirmwareTables(AcpiConfig acpi, GuestMemory memory) {
        memory.store(MemoryMap.FIRMWARE_TABLES, AcpiTables.build(acpi, MemoryMap.FIRMWARE_TABLES));
        memory.store(MemoryMap.SMBIOS, Smbios.build(acpi.cpus(), acpi.ramBytes(), MemoryMap.SMBIOS));
        // The BIOS data area says where the extended one is, and that begins with its size in KiB.
        memory.storeShort(0x40e, (short) (MemoryMap.EBDA >>> 4));
        memory.storeByte(MemoryMap.EBDA, (byte) (MemoryMap.EBDA_BYTES >>> 10));
    }
}
