// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import org.javisor.testkit.DeviceContract;

class PostCodeContractTest extends DeviceContract<PostCode, PostCode.State> {
    PostCodeContractTest() {
        super(() -> new PostCode(), PostCode.PORTS);
    }
}
