// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import org.javisor.host.HostMemory;
import org.javisor.host.Mapping;
import org.javisor.memory.DirtyRing;

/// The ring in which KVM tells what a processor has written, and ours, which is filled from it: when the processor
/// leaves the guest, and when somebody asks.
///
/// An entry is given back to KVM as soon as it is taken, but KVM uses it again only when all rings are reset, as ours
/// are; until then the page may be written without another entry.
final class KvmDirtyRing implements AutoCloseable {
    // struct kvm_dirty_gfn
    private static final int ENTRY_BYTES = 16, FLAGS = 0, SLOT = 4, PAGE = 8;
    private static final int DIRTY = 1, RESET = 2;
    private static final int SLOT_NUMBER = 0xffff;

    private final Mapping entries;
    private final int count;
    private final KvmSlots slots;
    private final DirtyRing ring;
    /// Of the next entry; guarded by this object's monitor.
    private long next;
    private boolean closed;

    /// @param entries KVM's ring
    KvmDirtyRing(Mapping entries, KvmSlots slots) {
        this.entries = entries;
        this.count = (int) (entries.bytes() / ENTRY_BYTES);
        this.slots = slots;
        this.ring = new DirtyRing(count, this::drain);
    }

    DirtyRing ring() {
        return ring;
    }

    /// Takes what KVM has told. Any thread.
    synchronized void drain() {
        if (closed) {
            return;
        }
        long entry = entry();
        if ((HostMemory.loadIntAcquire(entry + FLAGS) & DIRTY) == 0) {
            return;
        }
        ring.enter(() -> { });
        try {
            do {
                slots.written(HostMemory.loadInt(entry + SLOT) & SLOT_NUMBER, HostMemory.loadLong(entry + PAGE));
                HostMemory.storeIntRelease(entry + FLAGS, RESET);
                next++;
                entry = entry();
            } while ((HostMemory.loadIntAcquire(entry + FLAGS) & (DIRTY | RESET)) == DIRTY);
        } finally {
            ring.leave();
        }
    }

    private long entry() {
        return entries.hva() + (next & count - 1) * ENTRY_BYTES;
    }

    @Override
    public synchronized void close() {
        closed = true;
        entries.close();
    }
}
