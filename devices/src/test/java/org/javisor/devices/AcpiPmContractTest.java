// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import org.javisor.memory.InterruptLine;
import org.javisor.testkit.DeviceContract;
import org.javisor.testkit.ManualClock;

class AcpiPmContractTest extends DeviceContract<AcpiPm, AcpiPm.State> {
    AcpiPmContractTest() {
        super(() -> new AcpiPm(new ManualClock(), InterruptLine.UNCONNECTED, 24, _ -> { }), AcpiPm.PORTS);
    }
}
