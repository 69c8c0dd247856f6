// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import org.javisor.testkit.DeviceContract;

class E1000ContractTest extends DeviceContract<E1000, E1000.State> {
    E1000ContractTest() {
        super(() -> new CardFixture(Model.I82540EM).card, Layout.BAR_BYTES);
    }
}
