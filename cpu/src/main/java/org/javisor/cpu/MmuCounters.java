// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;

/// What a processor's [Mmu] did, beside looks into the TLB. Written by the processor's thread,
/// plainly; others may see numbers that are a little old.
public final class MmuCounters {
    long walks;
    long fills;
    long unbacked;
    long faults;
    long flushes;
    long invalidations;
    private final long state;

    /// @param state host address of the processor's block, where translated code counts
    MmuCounters(long state) {
        this.state = state;
    }

    private long hostWalks() {
        return HostMemory.loadLong(state + CpuLayout.WALKS);
    }

    private long hostFaults() {
        return HostMemory.loadLong(state + CpuLayout.WALK_FAULTS);
    }

    /// Page walks.
    public long walks() {
        return walks + hostWalks() + hostFaults();
    }

    /// Those that found memory, and entered it into the TLB.
    public long fills() {
        return fills + hostWalks();
    }

    /// Those that found an address that no memory backs: a device's, or nobody's.
    public long unbacked() {
        return unbacked;
    }

    /// Those that ended with a page fault.
    public long faults() {
        return faults + hostFaults();
    }

    /// How often the guest, or a change of its memory, emptied the TLB or an address space in it.
    public long flushes() {
        return flushes;
    }

    /// How often the guest had one page forgotten.
    public long invalidations() {
        return invalidations + HostMemory.loadLong(state + CpuLayout.INVALIDATIONS);
    }
}
