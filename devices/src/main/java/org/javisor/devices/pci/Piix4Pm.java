// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import org.javisor.devices.AcpiPm;
import org.javisor.devices.SmiControl;
import org.javisor.memory.IoBus;

/// The power-management function of a PIIX4, at 00:01.3: it places ACPI's registers. The SMBus has a base address, as
/// firmware gives it one, and nothing behind it.
///
/// @datasheet Intel 82371AB (PIIX4) "Power Management PCI Configuration Registers (Function 3)"
public final class Piix4Pm {
    public static final int FUNCTION = 3;

    static final int PMBASE = 0x40, PMREGMISC = 0x80;
    private static final int COUNT_A = 0x44, COUNT_B = 0x48, DEVICE_RESOURCES = 0x4c, DEVACTB = 0x58, SMBBA = 0x90,
            SMBHSTCFG = 0xd2;
    private static final int PMIOSE = 1, IS_IO = 1, BASE_BITS = 0xffc0, SMBUS_BASE_BITS = 0xfff0;
    /// SMIs by the command port. They are on from the beginning on a board without the mode: no firmware is to wait for
    /// a handler of its own.
    private static final int APMC_EN = 1 << 25;

    private final PciFunction function;
    private final MovableRange block;

    /// Makes the function and puts it on `bus`. ACPI's block has no place yet: see [#placePm].
    ///
    /// @param smi null on a board without system management mode
    public Piix4Pm(PciBus bus, IoBus ports, AcpiPm pm, SmiControl smi) {
        block = new MovableRange(bus, ports, pm, "ACPI power management");
        function = new PciFunction(new PciFunction.Identity(0x8086, 0x7113, 3, 0x068000, 0x1af4, 0x1100));
        ConfigSpace config = function.config();
        config.set(ConfigSpace.COMMAND, 2, 0);
        config.allow(ConfigSpace.COMMAND, 2, 1);
        config.set(ConfigSpace.STATUS, 2, 0x280);
        function.useIntx(1);
        config.set(PMBASE, 4, IS_IO);
        config.allow(PMBASE, 4, BASE_BITS);
        config.allow(COUNT_A, 4, ~0);
        config.allow(COUNT_B, 4, ~0);
        for (int register = DEVICE_RESOURCES; register < PMREGMISC; register += 4) {
            config.allow(register, 4, ~0);
        }
        if (smi == null) {
            config.set(DEVACTB, 4, APMC_EN);
        } else {
            function.onWrite(DEVACTB, 4, () -> smi.command((function.readConfig(DEVACTB, 4) & APMC_EN) != 0));
        }
        config.allow(PMREGMISC, 1, PMIOSE);
        config.set(SMBBA, 4, IS_IO);
        config.allow(SMBBA, 4, SMBUS_BASE_BITS);
        config.allow(SMBHSTCFG, 1, 0x0f);
        function.onWrite(PMBASE, PMREGMISC + 1 - PMBASE, this::movePm);
        bus.add(Piix3Isa.DEVICE, FUNCTION, function);
    }

    public PciFunction function() {
        return function;
    }

    /// Places ACPI's registers at `port`, a multiple of 64, as firmware does.
    public void placePm(int port) {
        function.writeConfig(PMBASE, 4, port | IS_IO);
        function.writeConfig(PMREGMISC, 1, PMIOSE);
    }

    /// Where the guest has put ACPI's registers.
    public int pmBase() {
        return function.readConfig(PMBASE, 4) & BASE_BITS;
    }

    private void movePm() {
        if ((function.readConfig(PMREGMISC, 1) & PMIOSE) == 0 || pmBase() == 0) {
            block.remove();
        } else {
            block.place(pmBase(), AcpiPm.PIIX4_PORTS);
        }
    }
}
