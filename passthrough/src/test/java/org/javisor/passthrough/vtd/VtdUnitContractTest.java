// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

import org.javisor.memory.GuestMemory;
import org.javisor.memory.IoBus;
import org.javisor.testkit.DeviceContract;
import org.javisor.testkit.ManualClock;
import org.javisor.vmm.irq.InterruptChips;

class VtdUnitContractTest extends DeviceContract<VtdUnit, VtdUnit.State> {
    VtdUnitContractTest() {
        super(() -> new VtdUnit(new GuestMemory(), new InterruptChips(new ManualClock(), new IoBus("port", 0xffff),
                new IoBus("address", (1L << 40) - 1), false), VtdRig.CONFIG), VtdUnit.BYTES);
    }
}
