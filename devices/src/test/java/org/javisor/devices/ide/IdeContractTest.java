// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ide;

import org.javisor.testkit.DeviceContract;

class IdeContractTest extends DeviceContract<IdeController, IdeController.State> {
    IdeContractTest() {
        super(() -> new IdeDriver().untouched(), IdeController.BYTES);
    }
}
