// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.layout;

/// Ports and interrupts of the PC's legacy devices that several parts of the machine must agree on.
public final class LegacyMap {
    /// COM1 to COM4. The last two have interrupts of their own, as ACPI tells; sharing edge-triggered ones loses
    /// interrupts.
    public static final int[] SERIAL_PORTS = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
    public static final int[] SERIAL_IRQS = {4, 3, 5, 7};
    /// LPT1. Its interrupt is COM4's too: who opens first has it, and a system does without the other's.
    public static final int PARALLEL_PORT = 0x378, PARALLEL_IRQ = 7;
    public static final int FLOPPY_IRQ = 6;
    public static final int KEYBOARD_IRQ = 1, RTC_IRQ = 8, MOUSE_IRQ = 12;

    private LegacyMap() { }
}
