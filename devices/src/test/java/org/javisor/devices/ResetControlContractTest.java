// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import org.javisor.testkit.DeviceContract;

class ResetControlContractTest extends DeviceContract<ResetControl, ResetControl.State> {
    ResetControlContractTest() {
        super(() -> new ResetControl(_ -> { }), 1);
    }
}
