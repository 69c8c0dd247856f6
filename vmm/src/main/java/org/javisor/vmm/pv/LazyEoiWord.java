// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import org.javisor.memory.GuestMemory;
import org.javisor.vmm.irq.LazyEoi;

/// A word of the guest's whose bit 0 says that an interrupt may end without an access to the local APIC.
record LazyEoiWord(GuestMemory memory, long gpa) implements LazyEoi {
    @Override
    public boolean set() {
        GuestArea word = new GuestArea(memory, gpa);
        word.store(0, 4, word.load(0, 4) | 1);
        return word.backed(4);
    }

    @Override
    public boolean clear() {
        GuestArea word = new GuestArea(memory, gpa);
        long value = word.load(0, 4);
        word.store(0, 4, value & ~1);
        return (value & 1) != 0;
    }
}
