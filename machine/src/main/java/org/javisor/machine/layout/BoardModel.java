// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.layout;

import org.javisor.devices.AcpiPm;
import org.javisor.devices.pci.PirqWiring;

/// The kinds of main board.
public enum BoardModel {
    /// Intel's Q35 with an ICH9: PCI Express.
    Q35(PirqWiring.ICH9, new int[] {10, 11, 10, 11, 10, 11, 10, 11}, AcpiPm.PORTS, 32, true),
    /// Intel's i440FX with a PIIX3 and the power management of a PIIX4: a PC of 1996, conventional PCI.
    PC(PirqWiring.PIIX3, new int[] {10, 10, 11, 11}, AcpiPm.PIIX4_PORTS, 24, false);

    /// General-purpose events of a [#PC], where QEMU has them; those of a Q35 are part of its block.
    public static final int PC_GPE0 = 0xafe0;

    private final PirqWiring wiring;
    private final int[] pirqIrqs;
    private final int pmPorts;
    private final int pmTimerBits;
    private final boolean express;

    BoardModel(PirqWiring wiring, int[] pirqIrqs, int pmPorts, int pmTimerBits, boolean express) {
        this.wiring = wiring;
        this.pirqIrqs = pirqIrqs;
        this.pmPorts = pmPorts;
        this.pmTimerBits = pmTimerBits;
        this.express = express;
    }

    public PirqWiring wiring() {
        return wiring;
    }

    /// Which of ISA's interrupts each PIRQ is routed to where no firmware does it.
    public int[] pirqIrqs() {
        return pirqIrqs.clone();
    }

    /// How many ports the power-management block has.
    public int pmPorts() {
        return pmPorts;
    }

    public int pmTimerBits() {
        return pmTimerBits;
    }

    /// Whether its root bus is a PCI Express root complex, with memory-mapped configuration space.
    public boolean express() {
        return express;
    }

    /// Whether it has an HPET.
    public boolean hpet() {
        return this == Q35;
    }

    /// The first port of the general-purpose events.
    ///
    /// @param pmBase where the power-management block is
    public int gpe0(int pmBase) {
        return this == Q35 ? pmBase + AcpiPm.GPE0_STS : PC_GPE0;
    }

    public int gpe0Bytes() {
        return this == Q35 ? AcpiPm.GPE0_BYTES : AcpiPm.SMALL_GPE0_BYTES;
    }
}
