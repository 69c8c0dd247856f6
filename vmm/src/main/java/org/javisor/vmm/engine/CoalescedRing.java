// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.engine;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.javisor.memory.IoBus;
import org.javisor.memory.WriteTap;
import org.javisor.vmm.CoalescedWrite;
import org.javisor.vmm.IoEvent;

/// Writes to zones that nobody answers, gathered until somebody takes them. Any thread.
final class CoalescedRing {
    /// As many as a page of KVM's holds.
    private static final int MOST = 170;

    private final Queue<CoalescedWrite> writes = new ArrayDeque<>();

    /// What gathers the writes to a zone of `bus` that no device claims.
    WriteTap zone(IoEvent.Space space, IoBus bus) {
        return (address, size, value) -> bus.unclaimed(address, size)
                && add(new CoalescedWrite(space, address, size, value));
    }

    private synchronized boolean add(CoalescedWrite write) {
        return writes.size() < MOST && writes.add(write);
    }

    synchronized List<CoalescedWrite> take() {
        List<CoalescedWrite> taken = List.copyOf(writes);
        writes.clear();
        return taken;
    }
}
