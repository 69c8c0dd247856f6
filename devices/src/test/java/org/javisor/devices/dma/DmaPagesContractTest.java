// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.dma;

import org.javisor.testkit.DeviceContract;

class DmaPagesContractTest extends DeviceContract<DmaPages, DmaPages.State> {
    DmaPagesContractTest() {
        super(DmaPages::new, DmaPages.PORTS);
    }
}
