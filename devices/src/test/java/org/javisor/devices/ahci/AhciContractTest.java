// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ahci;

import org.javisor.testkit.DeviceContract;

class AhciContractTest extends DeviceContract<AhciController, AhciController.State> {
    AhciContractTest() {
        super(() -> new AhciDriver().untouched(), AhciController.BYTES);
    }
}
