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

    /// Who is told of pages that were written.
    interface Written {
        /// @param slot KVM's number, with that of its address space in the upper half
        void note(int slot, long page);
    }

    private final Mapping entries;
    private final int count;
    private final Written written;
    private final DirtyRing ring;
    /// Of the next entry; guarded by this object's monitor.
    private long next;
    private boolean closed;

    /// @param entries KVM's ring
    /// @param written is told of each page
    KvmDirtyRing(Mapping entries, Written written) {
        this.entries = entries;
        this.count = (int) (entries.bytes() / ENTRY_BYTES);
        this.written = written;
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
                written.note(HostMemory.loadInt(entry + SLOT), HostMemory.loadLong(entry + PAGE));
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
