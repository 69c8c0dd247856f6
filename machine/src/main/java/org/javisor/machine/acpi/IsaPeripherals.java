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
    private static final int PRESENT = 0xf;

    private IsaPeripherals() { }

    static byte[] body(AcpiConfig.Peripherals peripherals) {
        return concat(peripherals.parallel() ? parallel() : new byte[0],
                peripherals.panic() ? panic() : new byte[0]);
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
