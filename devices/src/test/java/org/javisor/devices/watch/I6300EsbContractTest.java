// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.watch;

import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.PirqRouter;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.IoBus;
import org.javisor.testkit.DeviceContract;
import org.javisor.testkit.ManualClock;

class I6300EsbContractTest extends DeviceContract<I6300Esb, I6300Esb.State> {
    I6300EsbContractTest() {
        super(I6300EsbContractTest::fresh, I6300Esb.REGISTER_BYTES);
    }

    private static I6300Esb fresh() {
        I6300Esb watchdog = new I6300Esb(new ManualClock(), () -> { });
        IoBus none = new IoBus("address", 0xffff);
        new PciBus(none, none, 0xffff, new PirqRouter(_ -> InterruptLine.UNCONNECTED), (_, _) -> { })
                .add(2, 0, watchdog.function());
        return watchdog;
    }

    /// That it has reset the machine is remembered through that reset.
    @Override
    protected Object resetPart(I6300Esb.State state) {
        return new I6300Esb.State(state.function(), state.control(), state.preload1(), state.preload2(),
                state.interrupt(), state.unlocking(), state.stage(), state.deadline(), false);
    }
}
