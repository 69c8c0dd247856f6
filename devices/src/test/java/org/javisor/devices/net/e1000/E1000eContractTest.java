// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import org.javisor.testkit.DeviceContract;

class E1000eContractTest extends DeviceContract<E1000, E1000.State> {
    E1000eContractTest() {
        super(() -> new CardFixture(Model.I82574L).card, Layout.BAR_BYTES);
    }
}
