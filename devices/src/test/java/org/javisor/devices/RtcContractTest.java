// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import org.javisor.memory.InterruptLine;
import org.javisor.testkit.DeviceContract;
import org.javisor.testkit.ManualClock;

class RtcContractTest extends DeviceContract<Rtc, Rtc.State> {
    RtcContractTest() {
        super(() -> new Rtc(new ManualClock(), InterruptLine.UNCONNECTED), Rtc.PORTS);
    }

    @Override
    protected Object resetPart(Rtc.State state) {
        return state.flags() | state.index() | state.extendedIndex();   // the battery keeps the rest
    }
}
