// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.ArrayList;
import java.util.List;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.MemorySlot;

/// The part of a slot that is seen at its place.
record SlotPiece(MemorySlot slot, long gpa, long bytes) {
    static SlotPiece whole(MemorySlot slot) {
        return new SlotPiece(slot, slot.gpa(), slot.bytes());
    }

    /// What `over` leaves of it.
    List<SlotPiece> without(MemorySlot over) {
        long overEnd = over.gpa() + over.bytes();
        long end = gpa + bytes;
        if (overEnd <= gpa || over.gpa() >= end) {
            return List.of(this);
        }
        List<SlotPiece> rest = new ArrayList<>();
        if (gpa < over.gpa()) {
            rest.add(new SlotPiece(slot, gpa, over.gpa() - gpa));
        }
        if (overEnd < end) {
            rest.add(new SlotPiece(slot, overEnd, end - overEnd));
        }
        return rest;
    }

    long pages() {
        return bytes >>> GuestMemory.PAGE_SHIFT;
    }

    void markDirty(long page) {
        slot.markDirty(gpa + (page << GuestMemory.PAGE_SHIFT));
    }
}
