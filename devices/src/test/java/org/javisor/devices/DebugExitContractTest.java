// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import org.javisor.testkit.DeviceContract;

class DebugExitContractTest extends DeviceContract<DebugExit, DebugExit.State> {
    DebugExitContractTest() {
        super(() -> new DebugExit(_ -> { }), DebugExit.DEFAULT_PORTS);
    }
}
