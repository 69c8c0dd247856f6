// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.cpu.events.TlbFillEvent;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.MemorySlot;

/// From page walks to entries of a [Tlb].
final class TlbFill {
    private static final long A20 = 1 << 20;

    private final Cpu cpu;
    /// What the processor sees: in system management mode a view of its own.
    private GuestMemory memory;
    private final PageWalker walker;
    /// Whether what the last walk has found is to be recorded.
    private boolean recorded;
    final MmuCounters counters;

    /// Whether the A20 line is masked: bit 20 of every guest-physical address reads as 0. After a change call
    /// [Mmu#flush].
    boolean a20Masked;

    TlbFill(Cpu cpu) {
        this.cpu = cpu;
        this.memory = cpu.environment.memory();
        this.walker = new PageWalker(cpu);
        this.counters = new MmuCounters(cpu.state);
    }

    /// Memory as the processor sees it now.
    GuestMemory memory() {
        return memory;
    }

    /// What the last walk reached, or where the last access went that no memory backs.
    long gpa() {
        return walker.gpa;
    }

    /// Whether error codes of page faults tell fetches from reads.
    boolean tellsFetches() {
        return walker.tellsFetches();
    }

    /// Loads the four PDPTEs that `cr3` points to; false if one has reserved bits set.
    boolean loadPdptes(long cr3) {
        return walker.loadPdptes(cr3);
    }

    /// The A20 line is never masked in system management mode.
    long a20(long gpa) {
        return a20Masked && !cpu.management.active() ? gpa & ~A20 : gpa;
    }

    /// Has the processor see memory as in system management mode, or as elsewhere. Call [#flush] afterwards.
    void see(GuestMemory seen) {
        memory = seen;
        walker.see(seen);
    }

    /// Walks the page tables for `gva` and enters what is found.
    ///
    /// @return whether memory backs it, and takes such an access
    /// @throws GuestFault #PF, with CR2 set
    boolean walk(Tlb tlb, long gva, int access) {
        if ((access & PageWalker.FETCH) == 0 && tlb.device(gva, (access & PageWalker.WRITE) != 0)) {
            walker.gpa = tlb.gpa(gva);
            return false;
        }
        int result = reach(gva, access);
        if (result != PageWalker.MAPPED) {
            throw cpu.fault(GuestFault.PF, result);
        }
        return fill(tlb, gva, access);
    }

    /// Walks the page tables for `gva`; sets CR2 if they do not lead there.
    ///
    /// @return [PageWalker#MAPPED], or the error code of #PF
    int reach(long gva, int access) {
        int result = walker.walk(gva, access);
        // One that ends with a fault counts too: translated code may go on with those that follow.
        recorded = TlbFillEvent.on() && cpu.mmu.walks.recorded.take();
        counters.walks++;
        cpu.monitor.cacheMissed();
        if (result != PageWalker.MAPPED) {
            counters.faults++;
            cpu.cr2(gva);
        }
        return result;
    }

    /// Walks to where an item of a shadow stack is.
    ///
    /// @return 0 when no memory backs it; then [#gpa] is its guest-physical address
    /// @throws GuestFault #PF, with CR2 set
    long walkShadow(long gva, int access) {
        int result = reach(gva, access | PageWalker.SHADOW);
        if (result != PageWalker.MAPPED) {
            throw cpu.fault(GuestFault.PF, result);
        }
        walker.gpa = a20(walker.gpa);
        MemorySlot slot = memory.find(walker.gpa);
        return slot == null || slot.readOnly() ? 0 : hva(slot, walker.gpa);
    }

    /// Enters what the walker has found.
    ///
    /// @return whether memory backs it, and takes such an access
    boolean fill(Tlb tlb, long gva, int access) {
        walker.gpa = a20(walker.gpa);
        MemorySlot slot = memory.find(walker.gpa);
        if (recorded) {
            record(gva, access, slot != null);
        }
        if (slot == null) {
            counters.unbacked++;
            enterDevice(tlb, gva, access & ~(PageWalker.WRITE | PageWalker.FETCH));
            return false;
        }
        counters.fills++;
        cpu.mmu.walks.met(slot);
        if (slot.isAbsent(walker.gpa)) {
            tellAbsent(slot);
        }
        enter(tlb, gva, slot, access & ~(PageWalker.WRITE | PageWalker.FETCH));
        return (access & PageWalker.WRITE) == 0 || !slot.readOnly();
    }

    private void record(long gva, int access, boolean backed) {
        String what = (access & PageWalker.WRITE) != 0 ? "write" : (access & PageWalker.FETCH) != 0 ? "fetch" : "read";
        TlbFillEvent.record(cpu.id, gva, walker.gpa, 1L << walker.pageShift, what, backed);
    }

    /// The guest may do something else until a page is there, if it can be interrupted: not while the processor is
    /// about to enter a handler.
    private void tellAbsent(MemorySlot slot) {
        boolean interruptible = (cpu.systemFlags() & Flags.IF) != 0 && cpu.codeBits != 16
                && !cpu.exceptions.injecting() && (cpu.slow & Cpu.SLOW_REPLAY) == 0 && cpu.shadowed == 0;
        int token = interruptible ? cpu.environment.tellAbsent(slot, walker.gpa, cpu.cpl == 3) : 0;
        if (token != 0) {
            cpu.cr2(Integer.toUnsignedLong(token));
            throw cpu.fault(GuestFault.PF, 0);
        }
    }

    /// Where `gpa` of a slot is. Others do not wait for a processor that waits for its page.
    long hva(MemorySlot slot, long gpa) {
        if (slot.isAbsent(gpa)) {
            cpu.group.leave(cpu);
            try {
                slot.hva(gpa);
            } finally {
                cpu.group.enter(cpu);
            }
        }
        return slot.hva(gpa);
    }

    private void enter(Tlb tlb, long gva, MemorySlot slot, int access) {
        long gpa = walker.gpa;
        tlb.fill(gva, gpa, hva(slot, gpa), walker.pageShift, walker.global, walker.key);
        if (walker.mayRead(access)) {
            tlb.permitRead(gva);
        }
        if (walker.dirty && !slot.readOnly() && walker.mayWrite(access)) {
            tlb.permitWrite(gva, !slot.grantDirectWrites(gpa, cpu.group.epoch()));
        }
        if (walker.mayFetch(access)) {
            tlb.permitExecute(gva, null);
        }
    }

    /// Notes where a page is that no memory is behind, until slots change: accesses to devices come in numbers.
    private void enterDevice(Tlb tlb, long gva, int access) {
        if (walker.mayRead(access)) {
            tlb.fill(gva, walker.gpa, 0, walker.pageShift, walker.global, walker.key);
            tlb.permitDevice(gva, walker.dirty && walker.mayWrite(access));
        }
    }
}
