// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import org.javisor.memory.InterruptLine;
import org.javisor.testkit.DeviceContract;
import org.javisor.testkit.ManualClock;

class HpetContractTest extends DeviceContract<Hpet, Hpet.State> {
    HpetContractTest() {
        super(() -> new Hpet(new ManualClock(), _ -> InterruptLine.UNCONNECTED, (_, _) -> { }), Hpet.BYTES);
    }
}
