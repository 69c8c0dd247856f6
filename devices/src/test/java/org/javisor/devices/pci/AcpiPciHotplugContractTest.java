// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import org.javisor.testkit.DeviceContract;

class AcpiPciHotplugContractTest extends DeviceContract<AcpiPciHotplug, AcpiPciHotplug.State> {
    AcpiPciHotplugContractTest() {
        super(AcpiPciHotplugContractTest::filled, AcpiPciHotplug.PORTS);
    }

    private static AcpiPciHotplug filled() {
        AcpiPciHotplug hotplug = new AcpiPciHotplug(new PciFixture().bus, () -> { });
        hotplug.addSlot(4);
        hotplug.addSlot(5);
        return hotplug;
    }
}
