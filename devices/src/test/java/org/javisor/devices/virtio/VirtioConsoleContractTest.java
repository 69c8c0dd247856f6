// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import org.javisor.devices.ByteSink;
import org.javisor.testkit.DeviceContract;

class VirtioConsoleContractTest extends DeviceContract<VirtioPci<VirtioConsole.State>,
        VirtioPci.State<VirtioConsole.State>> {
    VirtioConsoleContractTest() {
        super(() -> new FakeDriver<>(_ -> new VirtioConsole(ByteSink.NOWHERE, 80, 25)).untouched(),
                VirtioPciLayout.BAR_BYTES);
    }
}
