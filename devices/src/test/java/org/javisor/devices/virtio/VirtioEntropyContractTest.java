// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import java.util.Arrays;
import org.javisor.testkit.DeviceContract;

class VirtioEntropyContractTest extends DeviceContract<VirtioPci<VirtioEntropy.State>,
        VirtioPci.State<VirtioEntropy.State>> {
    VirtioEntropyContractTest() {
        super(() -> new FakeDriver<>(_ ->
                new VirtioEntropy(bytes -> Arrays.fill(bytes, (byte) 1))).untouched(),
                        VirtioPciLayout.BAR_BYTES);
    }
}
