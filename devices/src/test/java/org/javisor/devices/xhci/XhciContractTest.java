// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import org.javisor.devices.usb.UsbKeyboard;
import org.javisor.devices.usb.UsbTablet;
import org.javisor.testkit.DeviceContract;

class XhciContractTest extends DeviceContract<XhciFunction, XhciFunction.State> {
    XhciContractTest() {
        super(() -> new XhciDriver(new UsbTablet(), new UsbKeyboard()).untouched(), XhciLayout.BAR_BYTES);
    }
}
