// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import org.javisor.devices.block.MemoryDisk;
import org.javisor.testkit.DeviceContract;

class VirtioBlockContractTest
        extends DeviceContract<VirtioPci<VirtioBlock.State>, VirtioPci.State<VirtioBlock.State>> {
    VirtioBlockContractTest() {
        super(() -> new FakeDriver<>(m -> new VirtioBlock(m, new MemoryDisk(4096), "x", 4)).untouched(),
                VirtioPciLayout.BAR_BYTES);
    }
}
