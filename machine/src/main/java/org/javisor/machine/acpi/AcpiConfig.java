// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.acpi;

import org.javisor.machine.layout.BoardModel;
import org.javisor.machine.layout.MemoryMap;

/// What the ACPI tables say that differs from machine to machine.
///
/// @param cpus         virtual CPUs; processor n has local APIC ID n
/// @param ramBytes     guest RAM
/// @param serialPorts  how many of COM1 to COM4 exist
/// @param pmBase       where the power-management block is: PM1a event at +0, control at +4, timer at +8
/// @param ecam         where the ECAM window is; 0 for none
/// @param peripherals  devices that not every machine has
/// @param hotplugSlots slots of the root bus that are filled and emptied by way of ACPI, a bit for each device number
/// @param iommu        null for none
public record AcpiConfig(BoardModel board, int cpus, long ramBytes, int serialPorts, int pmBase, long ecam,
        Peripherals peripherals, int hotplugSlots, Iommu iommu) {
    /// Devices on the ISA bus, and a TPM, that not every machine has.
    ///
    /// @param panic whether the panic device is at its port
    public record Peripherals(boolean floppy, boolean parallel, boolean panic, boolean tpm) {
        static final Peripherals NONE = new Peripherals(false, false, false, false);
    }

    /// An IOMMU.
    ///
    /// @param x2apic       whether interrupts reach APIC ids of 32 bits
    /// @param ioApicSource the source-id of the I/O APIC's interrupts
    /// @param hpetSource   that of the HPET's
    public record Iommu(boolean interruptRemapping, boolean x2apic, int hostAddressBits, int ioApicSource,
            int hpetSource) { }

    /// Where the power-management block is if no firmware has placed it.
    public static final int PM_BASE = 0x600;
    public static final int SMI_COMMAND = 0xb2, ACPI_ENABLE = 2, ACPI_DISABLE = 3;
    /// Of SLP_TYP: suspends to memory; anything else powers off.
    public static final int SUSPEND_TO_MEMORY = Dsdt.SLEEP_TYPE_S3;
    /// The system control interrupt.
    public static final int SCI = 9;

    /// A machine whose bridges are where they are placed without firmware.
    public static AcpiConfig of(BoardModel board, int cpus, long ramBytes, int serialPorts) {
        return new AcpiConfig(board, cpus, ramBytes, serialPorts, PM_BASE, board.express() ? MemoryMap.ECAM : 0,
                Peripherals.NONE, 0, null);
    }

    /// The same machine with its bridges where firmware has placed them.
    public AcpiConfig placed(int newPmBase, long newEcam) {
        return new AcpiConfig(board, cpus, ramBytes, serialPorts, newPmBase, newEcam, peripherals,
                hotplugSlots, iommu);
    }

    /// The same machine with devices that not every one has.
    public AcpiConfig with(Peripherals others) {
        return new AcpiConfig(board, cpus, ramBytes, serialPorts, pmBase, ecam, others, hotplugSlots, iommu);
    }

    /// The same machine with another IOMMU, or none.
    public AcpiConfig with(Iommu other) {
        return new AcpiConfig(board, cpus, ramBytes, serialPorts, pmBase, ecam, peripherals, hotplugSlots, other);
    }

    /// The same machine with other slots for hot-plug.
    public AcpiConfig withHotplugSlots(int slots) {
        return new AcpiConfig(board, cpus, ramBytes, serialPorts, pmBase, ecam, peripherals, slots, iommu);
    }

    /// The first address that PCI's window below 4 GiB has. Firmware for a board without ECAM uses all that RAM leaves.
    long pci32() {
        return board.express() ? MemoryMap.PCI32 : Math.max(MemoryMap.lowRam(ramBytes), MemoryMap.HIGH_MEMORY);
    }
}
