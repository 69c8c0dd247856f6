// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import org.javisor.devices.DebugExit;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.IoBus;
import org.javisor.testkit.DeviceContract;

class PciConfigPortsContractTest extends DeviceContract<PciConfigPorts, PciConfigPorts.State> {
    PciConfigPortsContractTest() {
        super(() -> new PciConfigPorts(emptyBus(), new DebugExit(_ -> { })), PciConfigPorts.PORTS);
    }

    private static PciBus emptyBus() {
        IoBus none = new IoBus("address", 0);
        return new PciBus(none, none, 0, new PirqRouter(_ -> InterruptLine.UNCONNECTED), (_, _) -> { });
    }
}
