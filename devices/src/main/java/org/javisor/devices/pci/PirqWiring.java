// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

/// How a board wires the interrupt pins of its slots to the PIRQ lines of its ISA bridge, and where those can go.
public enum PirqWiring {
    /// Eight lines, spread over the slots, each with an input of its own on the I/O APIC: GSI 16 to 23.
    ///
    /// @datasheet Intel ICH9 "`PIRQ[n]_ROUT`—PIRQ`[A,B,C,D]` Routing Control Register"
    ICH9(8, 0, 16),
    /// Four lines, of which the slot of the bridge itself has the last first. They reach ISA's interrupts alone, by
    /// which they come to the PIC and the I/O APIC alike.
    ///
    /// @datasheet Intel 82371SB (PIIX3) "PIRQRC[A:D]—PIRQx Route Control Registers"
    PIIX3(4, -1, -1);

    private final int lines;
    private final int shift;
    private final int firstGsi;

    PirqWiring(int lines, int shift, int firstGsi) {
        this.lines = lines;
        this.shift = shift;
        this.firstGsi = firstGsi;
    }

    public int lines() {
        return lines;
    }

    /// Whether each line has an input of its own on the I/O APIC.
    public boolean hasGsis() {
        return firstGsi >= 0;
    }

    /// The GSI of `line`, where lines have their own.
    public int gsi(int line) {
        return firstGsi + line;
    }

    /// The line, 0 for PIRQA#, that `pin` (1 for INTA# to 4) of `device` is wired to. ACPI's `_PRT` has to tell the
    /// same.
    public int line(int device, int pin) {
        return device + pin - 1 + shift & lines - 1;
    }
}
