// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.edu;

import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.PirqRouter;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.IoBus;
import org.javisor.testkit.DeviceContract;

class EduContractTest extends DeviceContract<Edu, Edu.State> {
    EduContractTest() {
        super(EduContractTest::fresh, Edu.COMMAND + 8);
    }

    private static Edu fresh() {
        Edu device = new Edu(new GuestMemory());
        IoBus none = new IoBus("address", 0xffff);
        new PciBus(none, none, 0xffff, new PirqRouter(_ -> InterruptLine.UNCONNECTED), (_, _) -> { })
                .add(2, 0, device.function());
        return device;
    }
}
