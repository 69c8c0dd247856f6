// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.layout;

/// The guest-physical map of the PC: who lives where.
///
/// ```
///            0 ┌──────────────────────────────┐
///              │ RAM                          │
///      9_fc00  │ extended BIOS data area      │ 1 KiB; its first word is its size
///      a_0000  │ (VGA window, option ROMs)    │
///      e_0000  │ ACPI tables, SMBIOS          │ RAM, reserved in E820
///     10_0000  │ RAM                          │ up to LOW_RAM_END
///   b000_0000  │ PCI Express ECAM             │ 256 buses of 1 MiB
///   c000_0000  │ 32-bit BARs                  │
///   fec0_0000  │ IOAPIC                       │
///   fed0_0000  │ HPET                         │
///   fed4_0000  │ TPM                          │ if there is one
///   fed9_0000  │ IOMMU                        │ if there is one
///   fee0_0000  │ local APIC, MSI              │
/// 1_0000_0000  │ RAM above 4 GiB              │
///         then │ 64-bit BARs                  │ from the next multiple of PCI64_BYTES, as long
///              └──────────────────────────────┘
/// ```
public final class MemoryMap {
    public static final long EBDA = 0x9_fc00, EBDA_BYTES = 0x400;
    public static final long FIRMWARE_TABLES = 0xe_0000, FIRMWARE_TABLES_END = 0x10_0000;
    public static final long SMBIOS = 0xf_0000;
    public static final long HIGH_MEMORY = 0x10_0000;

    /// RAM below 4 GiB ends here at the latest: what lies above it is for devices.
    public static final long LOW_RAM_END = 0xb000_0000L;
    public static final long ECAM = 0xb000_0000L, ECAM_BYTES = 0x1000_0000L;
    public static final long PCI32 = 0xc000_0000L, PCI32_END = 0xfec0_0000L;
    public static final long IOAPIC = 0xfec0_0000L;
    public static final long HPET = 0xfed0_0000L;
    public static final long TPM = 0xfed4_0000L;
    public static final long IOMMU = 0xfed9_0000L;
    public static final long LOCAL_APIC = 0xfee0_0000L;
    public static final long FOUR_GIB = 0x1_0000_0000L;
    /// Ports for I/O BARs.
    public static final int PCI_PORTS = 0xc000, PCI_PORTS_END = 0x1_0000;
    /// How much address space 64-bit BARs get: as much as OVMF gives them, and in the same place.
    public static final long PCI64_BYTES = 32L << 30;

    private MemoryMap() { }

    /// How much of `ramBytes` lies below 4 GiB.
    public static long lowRam(long ramBytes) {
        return Math.min(ramBytes, LOW_RAM_END);
    }

    /// How much of `ramBytes` lies from 4 GiB on.
    public static long highRam(long ramBytes) {
        return ramBytes - lowRam(ramBytes);
    }

    /// Where the window for 64-bit BARs begins.
    public static long pci64(long ramBytes) {
        long ramEnd = FOUR_GIB + highRam(ramBytes);
        return ramEnd + PCI64_BYTES - 1 & -PCI64_BYTES;
    }
}
