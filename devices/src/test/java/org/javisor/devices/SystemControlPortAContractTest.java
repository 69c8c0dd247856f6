// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import org.javisor.memory.InterruptLine;
import org.javisor.testkit.DeviceContract;

class SystemControlPortAContractTest extends DeviceContract<SystemControlPortA, SystemControlPortA.State> {
    SystemControlPortAContractTest() {
        super(() -> new SystemControlPortA(new A20Gate(InterruptLine.UNCONNECTED), _ -> { }), 1);
    }
}
