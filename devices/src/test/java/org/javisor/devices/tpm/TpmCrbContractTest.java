// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.tpm;

import org.javisor.testkit.DeviceContract;

class TpmCrbContractTest extends DeviceContract<TpmCrb, TpmCrb.State> {
    TpmCrbContractTest() {
        super(() -> new TpmCrb(new FakeTpm(), 0xfed4_0000L, Runnable::run, _ -> { }), TpmCrb.BYTES);
    }
}
