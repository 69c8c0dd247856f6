// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.acpi;

import org.javisor.devices.pci.PirqRouter;
import org.javisor.machine.layout.LegacyMap;

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
    /// How the board wires PCI pins, and what it programs into the PIRQ registers.
    ///
    /// @param pin 0 for INTA
    /// @return the GSI, when the IOAPIC is in use
    static int pirqGsi(int slot, int pin) {
        return PirqRouter.FIRST_GSI + PirqRouter.pirq(slot, pin + 1);
    }

    /// As [#pirqGsi]: the ISA interrupt, when the 8259 pair is in use.
    static int pirqIrq(int slot, int pin) {
        return LegacyMap.PIRQ_IRQS[PirqRouter.pirq(slot, pin + 1)];
    }
}
