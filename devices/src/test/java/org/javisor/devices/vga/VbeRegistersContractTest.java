// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.vga;

import org.javisor.memory.GuestMemory;
import org.javisor.testkit.DeviceContract;

class VbeRegistersContractTest extends DeviceContract<VbeRegisters, VbeRegisters.State> {
    VbeRegistersContractTest() {
        super(() -> new VbeRegisters(new VideoMemory(new GuestMemory(), 0)), VbeRegisters.PORTS);
    }
}
