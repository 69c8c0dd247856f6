// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import org.javisor.testkit.DeviceContract;

class DebugPortContractTest extends DeviceContract<DebugPort, DebugPort.State> {
    DebugPortContractTest() {
        super(() -> new DebugPort(ByteSink.NOWHERE), 1);
    }
}
