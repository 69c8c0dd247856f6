// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import org.javisor.devices.block.MemoryDisk;
import org.javisor.testkit.DeviceContract;

class NvmeContractTest extends DeviceContract<NvmeFunction, NvmeFunction.State> {
    NvmeContractTest() {
        super(() -> new NvmeDriver(new MemoryDisk(4096)).untouched(), NvmeLayout.BAR_BYTES);
    }
}
