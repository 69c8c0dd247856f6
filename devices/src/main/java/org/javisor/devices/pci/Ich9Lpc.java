// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import org.javisor.devices.AcpiPm;
import org.javisor.devices.SmiControl;
import org.javisor.memory.IoBus;

/// Function 00:1f.0 of an ICH9: the bridge to the ISA devices. It places ACPI's register block and routes
/// PIRQs to the PIC.
///
/// @datasheet Intel ICH9 "LPC Interface Bridge Registers (D31:F0)"
public final class Ich9Lpc {
    public static final int DEVICE = 31;

    static final int PMBASE = 0x40, ACPI_CNTL = 0x44, PIRQA_ROUT = 0x60, PIRQE_ROUT = 0x68;
    private static final int ACPI_EN = 0x80, PMBASE_BITS = 0xff80;
    /// A bit of it keeps GBL_SMI_EN as it is.
    static final int GEN_PMCON_1 = 0xa0, SMI_LOCK = 1 << 4;
    private static final int GPIOBASE = 0x48, GPIO_CNTL = 0x4c, SIRQ_CNTL = 0x64, LPC_IO_DECODE = 0x80,
            RCBA = 0xf0;

    private final PciFunction function;
    private final MovableRange block;

    /// Makes the bridge and puts it on `bus`. ACPI's block has no place yet: see [#placePm].
    ///
    /// @param smi null on a board without system management mode
    public Ich9Lpc(PciBus bus, IoBus ports, PirqRouter router, AcpiPm pm, SmiControl smi) {
        block = new MovableRange(bus, ports, pm, "ACPI power management");
        function = new PciFunction(new PciFunction.Identity(0x8086, 0x2918, 2, 0x060100, 0x1af4, 0x1100));
        ConfigSpace config = function.config();
        config.set(ConfigSpace.COMMAND, 2, 7);
        config.allow(ConfigSpace.COMMAND, 2, 0x140);    // I/O, memory and mastering are always on
        config.set(PMBASE, 4, 1);
        config.allow(PMBASE, 4, PMBASE_BITS);
        config.allow(ACPI_CNTL, 1, ACPI_EN | 7);
        config.set(GPIOBASE, 4, 1);
        config.allow(GPIOBASE, 4, 0xff80);
        config.allow(GPIO_CNTL, 1, 0x11);
        config.set(SIRQ_CNTL, 1, 0x10);
        config.allow(SIRQ_CNTL, 1, 0xcf);
        config.allow(LPC_IO_DECODE, 4, 0x3f0f_1377);
        config.allow(RCBA, 4, 0xffff_c001);
        for (int line = 0; line < router.wiring().lines(); line++) {
            router.defineRoute(function, routeRegister(line), line);
        }
        config.set(ConfigSpace.HEADER_TYPE, 1, 0x80);
        if (smi != null) {
            config.allow(GEN_PMCON_1, 2, SMI_LOCK);
            config.carry(GEN_PMCON_1, 2, SMI_LOCK);
            function.onWrite(GEN_PMCON_1, 2, () -> lock(smi));
        }
        function.onWrite(PMBASE, ACPI_CNTL + 1 - PMBASE, this::movePm);
        bus.add(DEVICE, 0, function);
    }

    public PciFunction function() {
        return function;
    }

    /// Places ACPI's registers at `port`, a multiple of 128, as firmware does.
    public void placePm(int port) {
        function.writeConfig(PMBASE, 4, port | 1);
        function.writeConfig(ACPI_CNTL, 1, ACPI_EN);
    }

    /// Routes PIRQ `line` (0 for A) to the PIC's input `irq`, as firmware does for systems without an I/O
    /// APIC.
    public void routePirq(int line, int irq) {
        function.writeConfig(routeRegister(line), 1, irq);
    }

    private static int routeRegister(int line) {
        return (line < 4 ? PIRQA_ROUT : PIRQE_ROUT - 4) + line;
    }

    /// Where the guest has put ACPI's registers.
    public int pmBase() {
        return function.readConfig(PMBASE, 4) & PMBASE_BITS;
    }

    private void lock(SmiControl smi) {
        boolean locked = (function.readConfig(GEN_PMCON_1, 2) & SMI_LOCK) != 0;
        function.allow(GEN_PMCON_1, 2, locked ? 0 : SMI_LOCK);
        smi.lock(locked);
    }

    private void movePm() {
        if ((function.readConfig(ACPI_CNTL, 1) & ACPI_EN) == 0 || pmBase() == 0) {
            block.remove();
        } else {
            block.place(pmBase(), AcpiPm.PORTS);
        }
    }
}
