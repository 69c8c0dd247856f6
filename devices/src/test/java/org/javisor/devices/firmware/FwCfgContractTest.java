// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.firmware;

import org.javisor.memory.GuestMemory;
import org.javisor.testkit.DeviceContract;

class FwCfgContractTest extends DeviceContract<FwCfg, FwCfg.State> {
    FwCfgContractTest() {
        super(() -> {
            FwCfg device = new FwCfg(new GuestMemory(), 2);
            device.file("etc/file", new byte[] {1, 2, 3});
            return device;
        }, FwCfg.PORTS);
    }
}
