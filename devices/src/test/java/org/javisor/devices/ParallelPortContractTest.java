// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import org.javisor.memory.InterruptLine;
import org.javisor.testkit.DeviceContract;
import org.javisor.testkit.ManualClock;

class ParallelPortContractTest extends DeviceContract<ParallelPort, ParallelPort.State> {
    ParallelPortContractTest() {
        super(() -> new ParallelPort(new ManualClock(), InterruptLine.UNCONNECTED, ByteSink.NOWHERE),
                ParallelPort.PORTS);
    }
}
