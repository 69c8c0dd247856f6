// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.javisor.host.HostMemory;
import org.javisor.memory.IoBus;
import org.javisor.vmm.CoalescedWrite;
import org.javisor.vmm.IoEvent;

/// The writes that KVM gathers instead of leaving the guest for each, in a ring that all processors of a machine share.
///
/// KVM knows nothing of the devices here. So what it has gathered is looked at whenever a processor leaves the guest:
/// writes to devices are made then, before whatever made it leave, and the others are kept for who asks for them.
final class KvmCoalesced {
    /// As many are kept as KVM's ring holds; what comes then is an exit of its own.
    private static final int MOST = 170;
    // struct kvm_coalesced_mmio_ring, and struct kvm_coalesced_mmio
    private static final int FIRST = 0, LAST = 4, ENTRIES = 8;
    private static final int ENTRY_BYTES = 24, ADDRESS = 0, LENGTH = 8, PIO = 12, DATA = 16;

    private final VmFd fd;
    private final IoBus ports;
    private final IoBus mmio;
    private final Queue<CoalescedWrite> kept = new ArrayDeque<>();
    /// The ring's address; 0 while there is no processor that shows it.
    private long ring;
    private volatile int zones;

    KvmCoalesced(VmFd fd, IoBus ports, IoBus mmio) {
        this.fd = fd;
        this.ports = ports;
        this.mmio = mmio;
    }

    synchronized void add(boolean port, long address, long bytes) {
        IoBus bus = port ? ports : mmio;
        if (bytes <= 0 || bytes > Integer.MAX_VALUE || Long.compareUnsigned(address + bytes - 1, bus.limit()) > 0) {
            throw new IllegalArgumentException(String.format("no zone of 0x%x bytes is at 0x%x", bytes, address));
        }
        fd.coalesce(port, address, (int) bytes, true);
        zones++;
    }

    synchronized void remove(boolean port, long address, long bytes) {
        drain();
        fd.coalesce(port, address, (int) bytes, false);
        zones--;
    }

    /// A processor has been made.
    synchronized void seenThrough(VcpuFd vcpu) {
        if (ring == 0) {
            ring = vcpu.coalescedRing();
        }
    }

    /// Processors are about to go, and the ring with them.
    synchronized void seenNoMore() {
        drain();
        ring = 0;
    }

    /// A processor has left the guest.
    void exited() {
        if (zones != 0) {
            drain();
        }
    }

    private synchronized void drain() {
        if (ring == 0) {
            return;
        }
        int first = HostMemory.loadInt(ring + FIRST);
        int last = HostMemory.loadIntAcquire(ring + LAST);
        while (Integer.remainderUnsigned(first, MOST) != Integer.remainderUnsigned(last, MOST)) {
            take(ring + ENTRIES + (long) ENTRY_BYTES * Integer.remainderUnsigned(first, MOST));
            first = (first + 1) % MOST;
            HostMemory.storeIntRelease(ring + FIRST, first);
            last = HostMemory.loadIntAcquire(ring + LAST);
        }
    }

    private void take(long entry) {
        boolean port = HostMemory.loadInt(entry + PIO) != 0;
        IoBus bus = port ? ports : mmio;
        long address = HostMemory.loadLong(entry + ADDRESS);
        int bytes = HostMemory.loadInt(entry + LENGTH);
        long value = HostMemory.loadLong(entry + DATA) & (bytes == Long.BYTES ? -1 : (1L << 8 * bytes) - 1);
        if (!bus.unclaimed(address, bytes)) {
            bus.write(address, bytes, value);
        } else {
            kept.add(new CoalescedWrite(port ? IoEvent.Space.PORT : IoEvent.Space.MMIO, address, bytes, value));
        }
    }

    synchronized List<CoalescedWrite> take() {
        drain();
        List<CoalescedWrite> taken = List.copyOf(kept);
        kept.clear();
        return taken;
    }
}
