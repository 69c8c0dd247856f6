// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import org.javisor.memory.InterruptLine;
import org.javisor.testkit.DeviceContract;
import org.javisor.testkit.ManualClock;

class Uart16550ContractTest extends DeviceContract<Uart16550, Uart16550.State> {
    Uart16550ContractTest() {
        super(() -> new Uart16550(InterruptLine.UNCONNECTED, ByteSink.NOWHERE, new ManualClock()),
                Uart16550.PORTS);
    }
}
