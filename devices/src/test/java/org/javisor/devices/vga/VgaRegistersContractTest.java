// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.vga;

import org.javisor.testkit.DeviceContract;
import org.javisor.testkit.ManualClock;

class VgaRegistersContractTest extends DeviceContract<VgaRegisters, VgaRegisters.State> {
    VgaRegistersContractTest() {
        super(() -> new VgaRegisters(new ManualClock()), VgaRegisters.PORTS);
    }
}
