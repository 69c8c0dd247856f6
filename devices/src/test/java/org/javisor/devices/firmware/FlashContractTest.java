// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.firmware;

import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;
import org.javisor.testkit.DeviceContract;

class FlashContractTest extends DeviceContract<Flash, Flash.State> {
    private static final int BYTES = 2 * Flash.BLOCK_BYTES;

    FlashContractTest() {
        super(() -> new Flash(new GuestMemory(), 0, 0x10_0000, new byte[BYTES], Ram.allocate(BYTES),
                (_, _, _) -> { }), BYTES);
    }

    /// What is programmed stays.
    @Override
    protected Object resetPart(Flash.State state) {
        return new Flash.State(state.command(), state.pending(), state.status(), state.left(), 0, state.buffer(),
                new byte[BYTES]);
    }
}
