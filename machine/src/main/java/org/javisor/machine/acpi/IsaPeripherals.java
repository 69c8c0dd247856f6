// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.acpi;

import static org.javisor.machine.acpi.Aml.concat;
import static org.javisor.machine.acpi.Aml.define;
import static org.javisor.machine.acpi.Aml.device;
import static org.javisor.machine.acpi.Aml.integer;

import org.javisor.devices.ParallelPort;
import org.javisor.devices.watch.Pvpanic;
import org.javisor.machine.layout.LegacyMap;

/// What the DSDT says of the devices behind the ISA bridge that not every machine has.
final class IsaPeripherals {
    private static final int PRESENT = 0xf, FLOPPY_CHANNEL = 2;

    private IsaPeripherals() { }

    static byte[] body(AcpiConfig.Peripherals peripherals) {
        return concat(peripherals.floppy() ? floppy() : new byte[0],
                peripherals.parallel() ? parallel() : new byte[0],
                peripherals.panic() ? panic() : new byte[0]);
    }

    /// Port 0x3f6 is the first IDE channel's.
    private static byte[] floppy() {
        return Dsdt.isaDevice("FDC0", "PNP0700", 0, Resources.ports(0x3f2, 4), Resources.ports(0x3f7, 1),
                Resources.irq(LegacyMap.FLOPPY_IRQ), Resources.dma(FLOPPY_CHANNEL));
    }

    private static byte[] parallel() {
        return Dsdt.isaDevice("LPT1", "PNP0400", 1, Resources.ports(LegacyMap.PARALLEL_PORT, ParallelPort.PORTS),
                Resources.irq(LegacyMap.PARALLEL_IRQ));
    }

    /// @qemu docs/specs/pvpanic.rst "ACPI Interface"
    private static byte[] panic() {
        return device("PEVT",
                define("_HID", Aml.string("QEMU0001")),
                define("_STA", integer(PRESENT)),
                define("_CRS", Resources.template(Resources.ports(Pvpanic.PORT, 1))));
    }
}
