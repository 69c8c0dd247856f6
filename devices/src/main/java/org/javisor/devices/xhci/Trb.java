// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory;

/// A copy of one transfer request block. To be used again.
///
/// @xhci 1.1 §6.4 "Transfer Request Block (TRB)"
final class Trb {
    long address;
    long parameter;
    int status;
    int control;

    /// @throws GuestMemory.OutOfRangeException if there is no memory
    void load(DmaSpace memory, long gpa) {
        address = gpa;
        // The word with the cycle bit first: what the driver wrote before it is there then.
        control = memory.loadIntAcquire(gpa + 12);
        parameter = memory.loadLong(gpa);
        status = memory.loadInt(gpa + 8);
    }

    int type() {
        return control >>> 10 & 0x3f;
    }

    boolean cycle() {
        return (control & XhciLayout.CYCLE) != 0;
    }

    boolean has(int bit) {
        return (control & bit) != 0;
    }

    /// How much data a transfer TRB names.
    int length() {
        return status & 0x1_ffff;
    }

    int interrupter() {
        return status >>> 22 & 0x3ff;
    }

    int slot() {
        return control >>> 24 & 0xff;
    }

    int endpoint() {
        return control >>> 16 & 0x1f;
    }
}
