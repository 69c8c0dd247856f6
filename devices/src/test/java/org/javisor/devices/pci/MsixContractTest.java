// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import org.javisor.testkit.DeviceContract;

class MsixContractTest extends DeviceContract<Msix, Msix.State> {
    MsixContractTest() {
        super(() -> new Msix(new PciFunction(new PciFunction.Identity(1, 2, 3, 4, 5, 6)), 1, 70), 4096);
    }
}
