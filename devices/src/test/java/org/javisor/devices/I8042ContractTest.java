// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import org.javisor.memory.InterruptLine;
import org.javisor.testkit.DeviceContract;
import org.javisor.testkit.ManualClock;

class I8042ContractTest extends DeviceContract<I8042, I8042.State> {
    I8042ContractTest() {
        super(() -> new I8042(InterruptLine.UNCONNECTED, InterruptLine.UNCONNECTED,
                new A20Gate(InterruptLine.UNCONNECTED), new ManualClock(), _ -> { }), 5);
    }
}
