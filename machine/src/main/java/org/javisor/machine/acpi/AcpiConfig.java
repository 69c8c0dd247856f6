// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.acpi;

/// What the ACPI tables say that differs from machine to machine.
///
/// @param cpus        virtual CPUs; processor n has local APIC ID n
/// @param ramBytes    guest RAM
/// @param serialPorts how many of COM1 to COM4 exist
public record AcpiConfig(int cpus, long ramBytes, int serialPorts) {
    /// I/O base of the power-management block: PM1a event at +0, control at +4, timer at +8, GPE0 at +0x20.
    public static final int PM_BASE = 0x600;
    public static final int PM_TIMER = PM_BASE + 8, GPE0 = PM_BASE + 0x20, GPE0_BYTES = 16;
    public static final int SMI_COMMAND = 0xb2, ACPI_ENABLE = 2, ACPI_DISABLE = 3;
    /// The system control interrupt.
    public static final int SCI = 9;
    /// GSIs 16 to 23 serve PCI pins.
    public static final int FIRST_PCI_GSI = 16;

    /// The GSI of a pin (0 = INTA) of a slot, when the IOAPIC is in use.
    int pirqGsi(int slot, int pin) {
        return FIRST_PCI_GSI + (slot + pin) % 4;
    }

    /// The ISA interrupt of a pin when the 8259 pair is in use: what the board programs into the PIRQ registers.
    int pirqIrq(int slot, int pin) {
        return (slot + pin) % 2 == 0 ? 10 : 11;
    }
}
