// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import org.javisor.vmm.VmConfig;

/// Guests that take interrupts from the second PIC.
final class PicGuest {
    private static final int FIRST_VECTOR = 0x28, HANDLER = 0x1800;

    private PicGuest() { }

    /// Initialises the PICs for vectors from 0x20 on with all but one input masked, tells by port 0xe1, and sleeps.
    /// Each interrupt goes to port 0xe0, and is ended.
    ///
    /// @param gsi  8 to 15, which is not masked
    /// @param elcr which inputs of the second PIC are level-triggered
    static Guest listening(String engine, VmConfig config, int gsi, int elcr) {
        int input = gsi & 7;
        return new Guest(engine, config.withExitsOnUnclaimed(true), String.format("""
                b0%02x         mov al, elcr
                bad104         mov dx, 0x4d1
                ee             out dx, al
                b011           mov al, 0x11
                e620           out 0x20, al
                e6a0           out 0xa0, al
                b020           mov al, 0x20
                e621           out 0x21, al
                b028           mov al, 0x28
                e6a1           out 0xa1, al
                b004           mov al, 4
                e621           out 0x21, al
                b002           mov al, 2
                e6a1           out 0xa1, al
                b001           mov al, 1
                e621           out 0x21, al
                e6a1           out 0xa1, al
                b0fb           mov al, 0xfb
                e621           out 0x21, al
                b0%02x         mov al, all but the input
                e6a1           out 0xa1, al
                fb             sti
                e6e1           out 0xe1, al
                f4             hlt
                ebfd           jmp to hlt
                """, elcr, ~(1 << input) & 0xff)).handling(FIRST_VECTOR + input, HANDLER, """
                e6e0           out 0xe0, al
                b020           mov al, 0x20
                e6a0           out 0xa0, al
                e620           out 0x20, al
                cf             iret
                """);
    }
}
