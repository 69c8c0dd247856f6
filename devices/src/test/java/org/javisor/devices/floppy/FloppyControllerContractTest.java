// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.floppy;

import java.util.List;
import org.javisor.devices.dma.DmaControllers;
import org.javisor.devices.dma.DmaPages;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.InterruptLine;
import org.javisor.testkit.DeviceContract;

class FloppyControllerContractTest extends DeviceContract<FloppyController, FloppyController.State> {
    FloppyControllerContractTest() {
        super(() -> new FloppyController(InterruptLine.UNCONNECTED,
                new DmaControllers(new GuestMemory(), new DmaPages()).channel(2),
                List.of(new TestDiskette(FloppyFormat.K1440, false)), Runnable::run), FloppyController.PORTS);
    }
}
