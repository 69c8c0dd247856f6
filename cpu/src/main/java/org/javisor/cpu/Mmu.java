// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostAtomics;
import org.javisor.host.HostMemory;
import org.javisor.isa.Instruction;
import org.javisor.memory.GuestMemory;

/// Linear addresses to memory: the TLB, the page walk behind it, and the accesses through them.
///
/// An access first looks at the [Tlb] of the current privilege; whatever is not an ordinary access to ordinary memory
/// has no entry there and takes the slow path: page walks, accesses across pages, devices, pages whose writes somebody
/// must hear of. While alignment checks or data breakpoints are on, the table looked at is one that stays empty, and
/// every access is slow.
final class Mmu {
    private static final long PAGE = -4096;
    /// Bytes of a cache line.
    private static final int LINE = 64;
    /// What one instruction accesses at one address.
    static final int LARGEST_ACCESS = 128;

    private final Cpu cpu;
    final TlbFill fill;
    private final SlowAccesses slow;
    final AddressSpaces spaces;
    final HostWalks walks;
    final CodeFetch code;
    final ShadowStackMemory shadowStacks;
    final MmuCounters counters;
    private final Tlb empty;

    /// Where fast accesses look.
    private long fast;
    /// The translations of the current privilege, and how the page walker knows it.
    private Tlb current;
    private int privilege;
    private boolean checksAlignment;
    private final LinearAddressMasking masking = new LinearAddressMasking();

    Mmu(Cpu cpu) {
        this.cpu = cpu;
        fill = new TlbFill(cpu);
        slow = new SlowAccesses(cpu, fill);
        spaces = new AddressSpaces(cpu);
        walks = new HostWalks(cpu);
        code = new CodeFetch(cpu, this, fill);
        shadowStacks = new ShadowStackMemory(cpu, fill);
        counters = fill.counters;
        empty = new Tlb(cpu.state + CpuLayout.EMPTY_TLB, spaces.kernel, spaces.marks);
        current = spaces.current.supervisor;
        fast = current.table;
    }

    Tlb current() {
        return current;
    }

    /// Of the current instruction, as [PageWalker] knows it.
    int privilege() {
        return privilege;
    }

    /// Follows a change of CPL, AC, or what CR0 and CR4 say about accesses; [Cpu#modeChanged] calls it.
    void refresh() {
        masking.derive(cpu);
        followPrivilege();
        current.codeEntries.use(cpu.decodeMode);
        publish();
    }

    /// The part of [#refresh] that a transfer between levels of 64-bit code needs, or a change of AC.
    void refreshPrivilege() {
        followPrivilege();
        if (current.codeEntries.use(cpu.decodeMode)) {
            cpu.system.publishCalls();
        }
        HostMemory.storeLong(cpu.state + CpuLayout.FAST_TLB, fast);
        HostMemory.storeLong(cpu.state + CpuLayout.ENTRIES, current.codeEntries.entries.table);
    }

    /// The part of [#refresh] that accesses need. Before code is executed CPL is what it was, or [#refresh] follows.
    void followPrivilege() {
        boolean ac = (cpu.systemFlags() & Flags.AC) != 0;
        if (cpu.cpl == 3) {
            current = spaces.current.user;
            privilege = PageWalker.USER;
        } else if (ac && (cpu.cr4 & ControlBits.CR4_SMAP) != 0) {
            current = spaces.current.exempt;
            privilege = PageWalker.SMAP_EXEMPT;
        } else {
            current = spaces.current.supervisor;
            privilege = 0;
        }
        checksAlignment = cpu.cpl == 3 && ac && (cpu.cr0 & ControlBits.CR0_AM) != 0;
        fast = checksAlignment ? empty.table : watched(current);
    }

    /// Tells translated code.
    private void publish() {
        long state = cpu.state;
        HostMemory.storeLong(state + CpuLayout.FAST_TLB, fast);
        HostMemory.storeLong(state + CpuLayout.ENTRIES, current.codeEntries.entries.table);
        Tlb exempt = (cpu.cr4 & ControlBits.CR4_SMAP) != 0 ? spaces.current.exempt : spaces.current.supervisor;
        HostMemory.storeLong(state + CpuLayout.USER_TLB, watched(spaces.current.user));
        HostMemory.storeLong(state + CpuLayout.SUPERVISOR_TLB, watched(spaces.current.supervisor));
        HostMemory.storeLong(state + CpuLayout.EXEMPT_TLB, watched(exempt));
        HostMemory.storeLong(state + CpuLayout.USER_ENTRIES, spaces.current.user.codeEntries.entries.table);
        HostMemory.storeLong(state + CpuLayout.SUPERVISOR_ENTRIES, spaces.kernel.entries.table);
        cpu.system.publishCalls();
    }

    private long watched(Tlb tlb) {
        return cpu.debug.watching ? empty.table : tlb.table;
    }

    /// Whether `gva` is canonical for the paging mode (48 or 57 bits).
    boolean canonical(long gva) {
        int unused = (cpu.cr4 & ControlBits.CR4_LA57) != 0 ? 7 : 16;
        return gva << unused >> unused == gva;
    }

    // ---- accesses with the privilege of the current instruction; `gva` is linear, already checked by Segments ----

    /// Loads 1, 2, 4 or 8 bytes, zero-extended.
    ///
    /// @param segment for the fault of a non-canonical address: #SS or #GP
    long load(int segment, long gva, int bytes) {
        long entry = fast + Tlb.offset(gva);
        if (HostMemory.loadLong(entry + Tlb.READ) == (gva + bytes - 1 & PAGE)) {
            return HostMemory.load(gva + HostMemory.loadLong(entry + Tlb.ADDEND), bytes);
        }
        return loadSlowly(segment, gva, bytes);
    }

    private long loadSlowly(int segment, long address, int bytes) {
        long gva = masking.masked(address);
        check(segment, gva, bytes);
        long value = slow.load(current, privilege, gva, bytes);
        if (cpu.debug.watching) {
            cpu.debug.access(gva, bytes, false);
        }
        return value;
    }

    /// As [#load], but faults as a write would.
    long loadForWrite(int segment, long gva, int bytes) {
        long entry = fast + Tlb.offset(gva);
        if (HostMemory.loadLong(entry + Tlb.WRITE) == (gva + bytes - 1 & PAGE)) {
            return HostMemory.load(gva + HostMemory.loadLong(entry + Tlb.ADDEND), bytes);
        }
        probe(segment, gva, bytes, true);
        return loadSlowly(segment, gva, bytes);
    }

    void store(int segment, long gva, int bytes, long value) {
        long entry = fast + Tlb.offset(gva);
        if (HostMemory.loadLong(entry + Tlb.WRITE) == (gva + bytes - 1 & PAGE)) {
            HostMemory.store(gva + HostMemory.loadLong(entry + Tlb.ADDEND), bytes, value);
        } else {
            storeSlowly(segment, gva, bytes, value);
        }
    }

    private void storeSlowly(int segment, long address, int bytes, long value) {
        long gva = masking.masked(address);
        check(segment, gva, bytes);
        slow.store(current, privilege, gva, bytes, value);
        if (cpu.debug.watching) {
            cpu.debug.access(gva, bytes, true);
        }
    }

    /// Where the bytes from `gva` to the end of its page are, for a run of reads; 0 when each access needs a look of
    /// its own, or when the TLB does not know yet: an ordinary [#load] finds out.
    long readWindow(long gva) {
        return window(gva, Tlb.READ);
    }

    /// As [#readWindow], for writes, which need no notice.
    long writeWindow(long gva) {
        return window(gva, Tlb.WRITE);
    }

    private long window(long gva, int tag) {
        long entry = fast + Tlb.offset(gva);
        return HostMemory.loadLong(entry + tag) == (gva & PAGE) ? gva + HostMemory.loadLong(entry + Tlb.ADDEND) : 0;
    }

    /// As of [Cpu#isMemory].
    boolean isMemory(int segment, long address, int bytes) {
        if (writeWindow(address) != 0 && (address & ~PAGE) + bytes <= GuestMemory.PAGE_BYTES) {
            return true;
        }
        probe(segment, address, bytes, true);
        long gva = masking.masked(address);
        return current.writable(gva) && current.writable(slow.linear(gva + bytes - 1));
    }

    /// Stores `value` if memory holds `expected`, atomically whatever the alignment, and returns what memory held.
    long compareAndSwap(int segment, long gva, int bytes, long expected, long value) {
        if ((gva & LINE - 1) + bytes > LINE && cpu.group.busLocksLeave) {
            cpu.exits.ask(CpuExit.BUS_LOCK);
        }
        long entry = fast + Tlb.offset(gva);
        if (HostMemory.loadLong(entry + Tlb.WRITE) == (gva + bytes - 1 & PAGE)) {
            return HostAtomics.compareAndSwap(gva + HostMemory.loadLong(entry + Tlb.ADDEND), bytes, expected,
                    value);
        }
        return compareAndSwapSlowly(segment, masking.masked(gva), bytes, expected, value);
    }

    private long compareAndSwapSlowly(int segment, long gva, int bytes, long expected, long value) {
        check(segment, gva, bytes);
        long found = slow.compareAndSwap(current, privilege, gva, bytes, expected, value);
        if (cpu.debug.watching) {
            cpu.debug.access(gva, bytes, true);
        }
        return found;
    }

    /// CMPXCHG16B: stores `low:high` if memory holds the expected 16 bytes, atomically. `gva` is a multiple of 16.
    ///
    /// @return whether it did; if not, what was found is in `found[0]` (low) and `found[1]`
    boolean compareAndSwap16(int segment, long address, long expectedLow, long expectedHigh, long low, long high,
                             long[] found) {
        long gva = masking.masked(address);
        check(segment, gva, 8);
        boolean swapped = slow.compareAndSwap16(current, privilege, gva, expectedLow, expectedHigh, low, high, found);
        if (cpu.debug.watching) {
            cpu.debug.access(gva, 16, true);
        }
        return swapped;
    }

    /// Checks that up to 4096 bytes can be read or written, without touching them.
    void probe(int segment, long address, int bytes, boolean forWrite) {
        long gva = masking.masked(address);
        long last = gva + Math.max(bytes, 1) - 1;
        checkCanonical(segment, gva, last);
        int access = forWrite ? privilege | PageWalker.WRITE : privilege;
        slow.translate(current, access, gva);
        if (((gva ^ last) & PAGE) != 0) {
            slow.translate(current, access, slow.linear(last) & PAGE);
        }
    }

    /// What an access must pass before it is translated.
    private void check(int segment, long gva, int bytes) {
        checkCanonical(segment, gva, gva + bytes - 1);
        if (checksAlignment && (gva & bytes - 1) != 0) {
            throw cpu.fault(GuestFault.AC, 0);
        }
    }

    void checkCanonical(int segment, long gva, long last) {
        if (cpu.mode.ia32e() && !(canonical(gva) && canonical(last))) {
            throw segment == Instruction.SS ? cpu.fault(GuestFault.SS, 0) : cpu.gp(0);
        }
    }

    // ---- accesses that the processor makes by itself, at CPL 0 whatever the current one: descriptors, TSS, IDT ----

    long loadSystem(long gva, int bytes) {
        checkCanonical(0, gva, gva + bytes - 1);
        return slow.load(spaces.current.supervisor, 0, gva, bytes);
    }

    void storeSystem(long gva, int bytes, long value) {
        checkCanonical(0, gva, gva + bytes - 1);
        slow.store(spaces.current.supervisor, 0, gva, bytes, value);
    }

    /// As [#compareAndSwap]: sets accessed and busy bits of descriptors.
    long compareAndSwapSystem(long gva, int bytes, long expected, long value) {
        checkCanonical(0, gva, gva + bytes - 1);
        return slow.compareAndSwap(spaces.current.supervisor, 0, gva, bytes, expected, value);
    }

    /// Whether memory that can be written is where [#compareAndSwapSystem] has just been, and no device.
    boolean isSystemMemory(long gva) {
        return spaces.current.supervisor.writable(gva);
    }

    // ---- slow accesses ----

    /// Follows an access that the TLB did not let pass: enters its page if it may be accessed.
    ///
    /// @return the error code of the page fault that it raises, with CR2 set; or [PageWalker#MAPPED], and what else may
    ///     be wrong with it is not looked at
    int miss(long address, boolean write) {
        long gva = slow.linear(masking.masked(address));
        boolean plain = fast == current.table && (gva & ~PAGE) <= GuestMemory.PAGE_BYTES - LARGEST_ACCESS
                && (!cpu.mode.ia32e() || canonical(gva));
        if (!plain || (write ? current.writable(gva) : current.readable(gva)) || current.device(gva, write)) {
            return PageWalker.MAPPED;
        }
        int access = write ? privilege | PageWalker.WRITE : privilege;
        int result = fill.reach(gva, access);
        if (result == PageWalker.MAPPED) {
            fill.fill(current, gva, access);
        }
        return result;
    }

    /// Whether the TLB in use permits to read at `gva`.
    boolean knowsReadable(long gva) {
        return fast == current.table && current.readable(gva);
    }

    // ---- translations ----

    /// MOV to CR3: sets [Cpu#cr3] after the checks of the instruction itself, loads the PDPTEs when PAE paging uses
    /// them, and forgets what the manual says it forgets.
    ///
    /// @param value with bit 63 as the guest gave it, if CR4.PCIDE
    /// @throws GuestFault #GP(0) for reserved bits in a PDPTE
    void loadCr3(long value) {
        boolean pae = (cpu.cr0 & ControlBits.CR0_PG) != 0 && (cpu.cr4 & ControlBits.CR4_PAE) != 0
                && (cpu.efer & ControlBits.EFER_LMA) == 0;
        if (pae) {
            loadPdptes(value);
        }
        cpu.cr3 = value & Long.MAX_VALUE;
        masking.derive(cpu);
        HostMemory.storeLong(cpu.state + CpuLayout.CR3, cpu.cr3);
        boolean keeps = spaces.pcids() && value < 0;
        boolean known = spaces.switchTo(spaces.pcid());
        if (known && !keeps) {
            counters.flushes++;
            spaces.current.flushNonGlobal();
        }
        cpu.blockEnd = 0;
    }

    /// Takes over control registers that were all set at once; [#flush] follows.
    ///
    /// @return false if there is a PDPTE, where PAE paging uses them, with reserved bits
    boolean resumePaging() {
        boolean pae = (cpu.cr0 & ControlBits.CR0_PG) != 0 && (cpu.cr4 & ControlBits.CR4_PAE) != 0
                && (cpu.efer & ControlBits.EFER_LMA) == 0;
        return !pae || fill.loadPdptes(cpu.cr3);
    }

    /// Reads the four PDPTEs again, as a MOV to CR0 or CR4 does that changes PAE paging.
    ///
    /// @throws GuestFault #GP(0) for reserved bits
    void loadPdptes(long cr3) {
        if (!fill.loadPdptes(cr3)) {
            throw cpu.gp(0);
        }
    }

    /// Forgets every translation, global or not.
    void flush() {
        spaces.flush();
    }
}
