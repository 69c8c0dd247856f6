// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.cpu.events.TlbFillEvent;
import org.javisor.host.HostAtomics;
import org.javisor.host.HostMemory;
import org.javisor.isa.Instruction;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.MemorySlot;

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
    private static final long A20 = 1 << 20;
    /// What one instruction accesses at one address.
    private static final int LARGEST_ACCESS = 128;

    private final Cpu cpu;
    /// What the processor sees: in system management mode a view of its own.
    private GuestMemory memory;
    private final Bus bus;
    private final PageWalker walker;
    private final Tlb empty;
    /// Of supervisor mode, in all address spaces.
    private final CodeEntries kernel;
    private final AddressSpace[] spaces = new AddressSpace[CpuLayout.ADDRESS_SPACES];
    private AddressSpace space;
    private long switches;

    /// Where fast accesses look.
    private long fast;
    /// The translations of the current privilege, and how the page walker knows it.
    private Tlb current;
    private int privilege;
    private boolean checksAlignment;
    private final LinearAddressMasking masking = new LinearAddressMasking();
    final MmuCounters counters = new MmuCounters();

    /// Whether the A20 line is masked: bit 20 of every guest-physical address reads as 0. After a change call
    /// [#flush].
    boolean a20Masked;

    Mmu(Cpu cpu) {
        this.cpu = cpu;
        this.memory = cpu.environment.memory();
        this.bus = cpu.bus;
        this.walker = new PageWalker(cpu);
        kernel = new CodeEntries(cpu.state + CpuLayout.ENTRY_CACHES);
        empty = new Tlb(cpu.state + CpuLayout.EMPTY_TLB, kernel);
        spaces[0] = addressSpace(0);
        space = spaces[0];
        current = space.supervisor;
        fast = current.table;
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
            current = space.user;
            privilege = PageWalker.USER;
        } else if (ac && (cpu.cr4 & ControlBits.CR4_SMAP) != 0) {
            current = space.exempt;
            privilege = PageWalker.SMAP_EXEMPT;
        } else {
            current = space.supervisor;
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
        Tlb exempt = (cpu.cr4 & ControlBits.CR4_SMAP) != 0 ? space.exempt : space.supervisor;
        HostMemory.storeLong(state + CpuLayout.USER_TLB, watched(space.user));
        HostMemory.storeLong(state + CpuLayout.SUPERVISOR_TLB, watched(space.supervisor));
        HostMemory.storeLong(state + CpuLayout.EXEMPT_TLB, watched(exempt));
        HostMemory.storeLong(state + CpuLayout.USER_ENTRIES, space.user.codeEntries.entries.table);
        HostMemory.storeLong(state + CpuLayout.SUPERVISOR_ENTRIES, kernel.entries.table);
        cpu.system.publishCalls();
    }

    /// Whether what is known of the kernel's code is 64-bit code at CPL 0, if anything is.
    boolean kernelIs64Bit() {
        return kernel.decodeMode() == (64 | InstructionDecoder.SUPERVISOR | counted());
    }

    /// Whether what is known of the program's code is 64-bit code, if anything is.
    boolean programIs64Bit() {
        return space.user.codeEntries.decodeMode() == (64 | counted());
    }

    private int counted() {
        return cpu.decodeMode & InstructionDecoder.COUNTED;
    }

    private long watched(Tlb tlb) {
        return cpu.debug.watching ? empty.table : tlb.table;
    }

    private AddressSpace addressSpace(int n) {
        return new AddressSpace(cpu.state + CpuLayout.TLB + (long) n * AddressSpace.BYTES,
                new CodeEntries(cpu.state + CpuLayout.ENTRY_CACHES + (1L + n) * CodeEntries.BYTES), kernel);
    }

    /// Whether `gva` is canonical for the paging mode (48 or 57 bits).
    boolean canonical(long gva) {
        int unused = (cpu.cr4 & ControlBits.CR4_LA57) != 0 ? 7 : 16;
        return gva << unused >> unused == gva;
    }

    /// The A20 line is never masked in system management mode.
    long a20(long gpa) {
        return a20Masked && !cpu.management.active() ? gpa & ~A20 : gpa;
    }

    /// Memory as the processor sees it now.
    GuestMemory memory() {
        return memory;
    }

    /// Has the processor see memory as in system management mode, or as elsewhere. Call [#flush] afterwards.
    void see(GuestMemory seen) {
        memory = seen;
        walker.see(seen);
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
        long value = load(current, privilege, gva, bytes);
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
        store(current, privilege, gva, bytes, value);
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
        long found = compareAndSwap(current, privilege, gva, bytes, expected, value);
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
        long hva = hvaToWrite(current, privilege, gva);
        boolean swapped;
        if (hva == 0) {
            long gpa = walker.gpa;
            found[0] = bus.readMemory(gpa, 8);
            found[1] = bus.readMemory(gpa + 8, 8);
            swapped = found[0] == expectedLow && found[1] == expectedHigh;
            bus.writeMemory(gpa, 8, swapped ? low : found[0]);
            bus.writeMemory(gpa + 8, 8, swapped ? high : found[1]);
        } else {
            long arguments = cpu.state + CpuLayout.SWAP_16;
            HostMemory.storeLong(arguments, expectedLow);
            HostMemory.storeLong(arguments + 8, expectedHigh);
            HostMemory.storeLong(arguments + 16, low);
            HostMemory.storeLong(arguments + 24, high);
            swapped = HostAtomics.compareAndSwap16(hva, arguments);
            found[0] = HostMemory.loadLong(arguments);
            found[1] = HostMemory.loadLong(arguments + 8);
            notifyOfWrite(current, gva, 16);
        }
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
        translate(current, access, gva);
        if (((gva ^ last) & PAGE) != 0) {
            translate(current, access, linear(last) & PAGE);
        }
    }

    /// What an access must pass before it is translated.
    private void check(int segment, long gva, int bytes) {
        checkCanonical(segment, gva, gva + bytes - 1);
        if (checksAlignment && (gva & bytes - 1) != 0) {
            throw cpu.fault(GuestFault.AC, 0);
        }
    }

    private void checkCanonical(int segment, long gva, long last) {
        if (cpu.mode.ia32e() && !(canonical(gva) && canonical(last))) {
            throw segment == Instruction.SS ? cpu.fault(GuestFault.SS, 0) : cpu.gp(0);
        }
    }

    // ---- accesses that the processor makes by itself, at CPL 0 whatever the current one: descriptors, TSS, IDT ----

    long loadSystem(long gva, int bytes) {
        checkCanonical(0, gva, gva + bytes - 1);
        return load(space.supervisor, 0, gva, bytes);
    }

    void storeSystem(long gva, int bytes, long value) {
        checkCanonical(0, gva, gva + bytes - 1);
        store(space.supervisor, 0, gva, bytes, value);
    }

    /// As [#compareAndSwap]: sets accessed and busy bits of descriptors.
    long compareAndSwapSystem(long gva, int bytes, long expected, long value) {
        checkCanonical(0, gva, gva + bytes - 1);
        return compareAndSwap(space.supervisor, 0, gva, bytes, expected, value);
    }

    // ---- shadow stacks, which no TLB knows ----

    /// @param user whether it is that of user mode
    long loadShadow(long gva, int bytes, boolean user) {
        long hva = shadow(gva, user ? PageWalker.USER : 0);
        return hva == 0 ? bus.readMemory(walker.gpa, bytes) : HostMemory.load(hva, bytes);
    }

    void storeShadow(long gva, int bytes, long value, boolean user) {
        long hva = shadow(gva, user ? PageWalker.USER | PageWalker.WRITE : PageWalker.WRITE);
        if (hva == 0) {
            bus.writeMemory(walker.gpa, bytes, value);
        } else {
            HostMemory.store(hva, bytes, value);
            memory.written(walker.gpa, bytes);
        }
    }

    /// Checks that `gva` can be written there.
    void probeShadow(long gva, boolean user) {
        shadow(gva, user ? PageWalker.USER | PageWalker.WRITE : PageWalker.WRITE);
    }

    /// Where `gva` is, or 0 when no memory backs it; then the walker knows the guest-physical address. No item crosses
    /// a page.
    private long shadow(long gva, int access) {
        long linear = linear(gva);
        checkCanonical(0, linear, linear);
        int result = walker.walk(linear, access | PageWalker.SHADOW);
        counters.walks++;
        cpu.monitor.cacheMissed();
        if (result != PageWalker.MAPPED) {
            counters.faults++;
            cpu.cr2(linear);
            throw cpu.fault(GuestFault.PF, result);
        }
        walker.gpa = a20(walker.gpa);
        MemorySlot slot = memory.find(walker.gpa);
        return slot == null || slot.readOnly() ? 0 : hva(slot, walker.gpa);
    }

    /// Forgets what was found in code, at every address.
    void forgetCode() {
        kernel.clear();
        for (AddressSpace each : spaces) {
            if (each != null) {
                each.user.codeEntries.clear();
            }
        }
        cpu.blockEnd = 0;
    }

    // ---- slow accesses ----

    /// The linear address, cut to the mode's width: an access may wrap around at 4 GiB.
    private long linear(long gva) {
        return gva & cpu.segments.linearMask;
    }

    private static boolean crossesPage(long gva, int bytes) {
        return (gva & ~PAGE) + bytes > GuestMemory.PAGE_BYTES;
    }

    private long load(Tlb tlb, int access, long gva, int bytes) {
        if (crossesPage(gva, bytes)) {
            return loadAcrossPages(tlb, access, gva, bytes);
        }
        long hva = hvaToRead(tlb, access, gva);
        return hva == 0 ? bus.readMemory(walker.gpa, bytes) : HostMemory.load(hva, bytes);
    }

    private long loadAcrossPages(Tlb tlb, int access, long gva, int bytes) {
        long second = linear(gva + bytes - 1) & PAGE;
        translate(tlb, access, gva);
        translate(tlb, access, second);
        if (tlb.readable(gva) && tlb.readable(second)) {
            int inFirst = (int) (-gva & ~PAGE);
            long low = HostMemory.loadLong(tlb.hva(gva) + inFirst - Long.BYTES) >>> Long.SIZE - 8 * inFirst;
            long high = HostMemory.loadLong(tlb.hva(second)) << 8 * inFirst;
            return (low | high) & Cpu.mask(bytes);
        }
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= load(tlb, access, linear(gva + i), 1) << 8 * i;
        }
        return value;
    }

    private void store(Tlb tlb, int access, long gva, int bytes, long value) {
        if (crossesPage(gva, bytes)) {
            storeAcrossPages(tlb, access, gva, bytes, value);
            return;
        }
        long hva = hvaToWrite(tlb, access, gva);
        if (hva == 0) {
            bus.writeMemory(walker.gpa, bytes, value);
        } else {
            HostMemory.store(hva, bytes, value);
            notifyOfWrite(tlb, gva, bytes);
        }
    }

    private void storeAcrossPages(Tlb tlb, int access, long gva, int bytes, long value) {
        long second = linear(gva + bytes - 1) & PAGE;
        translate(tlb, access | PageWalker.WRITE, gva);
        translate(tlb, access | PageWalker.WRITE, second);
        if (tlb.writableDirectly(gva) && tlb.writableDirectly(second)) {
            int inFirst = (int) (-gva & ~PAGE);
            storeBytes(tlb.hva(gva), inFirst, value);
            storeBytes(tlb.hva(second), bytes - inFirst, value >>> 8 * inFirst);
            return;
        }
        for (int i = 0; i < bytes; i++) {
            store(tlb, access, linear(gva + i), 1, value >>> 8 * i);
        }
    }

    private static void storeBytes(long hva, int bytes, long value) {
        for (int i = 0; i < bytes; i++) {
            HostMemory.storeByte(hva + i, (byte) (value >>> 8 * i));
        }
    }

    private long compareAndSwap(Tlb tlb, int access, long gva, int bytes, long expected, long value) {
        long hva = crossesPage(gva, bytes) ? 0 : hvaToWrite(tlb, access, gva);
        if (hva == 0) {
            return compareAndSwapByParts(tlb, access, gva, bytes, expected, value);
        }
        long found = HostAtomics.compareAndSwap(hva, bytes, expected, value);
        notifyOfWrite(tlb, gva, bytes);
        return found;
    }

    /// Across pages and in devices, where the host has no atomic access: the processors exclude each other.
    private long compareAndSwapByParts(Tlb tlb, int access, long gva, int bytes, long expected, long value) {
        translate(tlb, access | PageWalker.WRITE, gva);
        translate(tlb, access | PageWalker.WRITE, linear(gva + bytes - 1) & PAGE);
        cpu.group.lockBus(cpu);
        try {
            long found = load(tlb, access, gva, bytes);
            store(tlb, access, gva, bytes, found == expected ? value : found);
            return found;
        } finally {
            cpu.group.unlockBus();
        }
    }

    /// Where to read `gva`, or 0 when no memory backs it; then the walker knows the guest-physical address.
    private long hvaToRead(Tlb tlb, int access, long gva) {
        return tlb.readable(gva) || walk(tlb, gva, access) ? tlb.hva(gva) : 0;
    }

    /// As [#hvaToRead]; after the write comes [#notifyOfWrite].
    private long hvaToWrite(Tlb tlb, int access, long gva) {
        return tlb.writable(gva) || walk(tlb, gva, access | PageWalker.WRITE) ? tlb.hva(gva) : 0;
    }

    /// Checks that `gva` may be accessed.
    private void translate(Tlb tlb, int access, long gva) {
        if ((access & PageWalker.WRITE) != 0) {
            hvaToWrite(tlb, access & ~PageWalker.WRITE, gva);
        } else {
            hvaToRead(tlb, access, gva);
        }
    }

    private void notifyOfWrite(Tlb tlb, long gva, int bytes) {
        if (tlb.mustNotify(gva)) {
            long gpa = tlb.gpa(gva);
            memory.written(gpa, bytes);
            MemorySlot slot = memory.find(gpa);
            if (slot != null && slot.grantDirectWrites(gpa, cpu.group.epoch())) {
                tlb.writeDirectly(gva);
            }
        }
    }

    /// Walks the page tables for `gva` and enters what is found.
    ///
    /// @return whether memory backs it, and takes such an access
    /// @throws GuestFault #PF, with CR2 set
    private boolean walk(Tlb tlb, long gva, int access) {
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
    private int reach(long gva, int access) {
        int result = walker.walk(gva, access);
        counters.walks++;
        cpu.monitor.cacheMissed();
        if (result != PageWalker.MAPPED) {
            counters.faults++;
            cpu.cr2(gva);
        }
        return result;
    }

    /// Enters what the walker has found.
    ///
    /// @return whether memory backs it, and takes such an access
    private boolean fill(Tlb tlb, long gva, int access) {
        walker.gpa = a20(walker.gpa);
        MemorySlot slot = memory.find(walker.gpa);
        if (TlbFillEvent.on()) {
            record(gva, access, slot != null);
        }
        if (slot == null) {
            counters.unbacked++;
            enterDevice(tlb, gva, access & ~(PageWalker.WRITE | PageWalker.FETCH));
            return false;
        }
        counters.fills++;
        if (slot.isAbsent(walker.gpa)) {
            tellAbsent(slot);
        }
        enter(tlb, gva, slot, access & ~(PageWalker.WRITE | PageWalker.FETCH));
        return (access & PageWalker.WRITE) == 0 || !slot.readOnly();
    }

    /// Follows an access that the TLB did not let pass: enters its page if it may be accessed.
    ///
    /// @return the error code of the page fault that it raises, with CR2 set; or [PageWalker#MAPPED], and what else may
    ///     be wrong with it is not looked at
    int miss(long address, boolean write) {
        long gva = linear(masking.masked(address));
        boolean plain = fast == current.table && (gva & ~PAGE) <= GuestMemory.PAGE_BYTES - LARGEST_ACCESS
                && (!cpu.mode.ia32e() || canonical(gva));
        if (!plain || (write ? current.writable(gva) : current.readable(gva)) || current.device(gva, write)) {
            return PageWalker.MAPPED;
        }
        int access = write ? privilege | PageWalker.WRITE : privilege;
        int result = reach(gva, access);
        if (result == PageWalker.MAPPED) {
            fill(current, gva, access);
        }
        return result;
    }

    /// Whether the TLB in use permits to read at `gva`.
    boolean knowsReadable(long gva) {
        return fast == current.table && current.readable(gva);
    }

    /// As [#miss], of the instruction at `rip`, 64-bit code or flat.
    int missFetch(long rip) {
        if (current.executable(rip) || cpu.codeBits == 64 && !canonical(rip)) {
            return PageWalker.MAPPED;
        }
        int access = privilege | PageWalker.FETCH;
        int result = reach(rip, access);
        if (result == PageWalker.MAPPED) {
            fill(current, rip, access);
        }
        return result;
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

    // ---- instruction fetch ----

    /// The block that was last found at `rip`, or null if that has to be found out anew.
    Block knownBlock(long rip) {
        return current.codeEntries.jumps.find(rip);
    }

    /// @param block of a page, found at `rip` just now
    void foundBlock(long rip, Block block) {
        current.codeEntries.put(rip, block, current.global(rip));
        cpu.monitor.branchMissed();
    }

    /// Has translated code that leads to `rip`, where a block was found just now, go on at host address `entry`.
    void foundEntry(long rip, long entry) {
        current.codeEntries.enter(rip, entry);
    }

    /// The page of code that `gva` is in, or null when no memory backs it; then [#fetchGpa] is the address.
    ///
    /// @throws GuestFault #PF, or #GP(0) for an address that is not canonical
    CodePage codePage(long gva) {
        if (!current.executable(gva) && !walkForFetch(gva)) {
            return null;
        }
        CodePage page = current.code(gva);
        if (page == null) {
            page = cpu.group.codePage(memory, current.gpa(gva));
            current.permitExecute(gva, page);
        }
        return page;
    }

    private boolean walkForFetch(long gva) {
        if (cpu.codeBits == 64 && !canonical(gva)) {
            throw cpu.gp(0);
        }
        return walk(current, gva, privilege | PageWalker.FETCH);
    }

    /// Where the byte of code at `gva` is, or 0 when no memory backs it; then [#fetchGpa] is its address.
    ///
    /// @throws GuestFault as [#codePage]
    long fetchHva(long gva) {
        return current.executable(gva) || walkForFetch(gva) ? current.hva(gva) : 0;
    }

    /// Where the page of code is that was found at `gva`, if that is certain without a walk; else 0.
    long knownHva(CodePage page, long gva) {
        return current.executable(gva) && current.code(gva) == page ? current.hva(gva) : 0;
    }

    long fetchGpa() {
        return walker.gpa;
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
        boolean keeps = pcids() && value < 0;
        boolean known = switchTo(pcid());
        if (known && !keeps) {
            counters.flushes++;
            space.flushNonGlobal();
        }
        cpu.blockEnd = 0;
    }

    /// Takes over control registers that were all set at once; [#flush] follows.
    ///
    /// @return false if there is a PDPTE, where PAE paging uses them, with reserved bits
    boolean resumePaging() {
        boolean pae = (cpu.cr0 & ControlBits.CR0_PG) != 0 && (cpu.cr4 & ControlBits.CR4_PAE) != 0
                && (cpu.efer & ControlBits.EFER_LMA) == 0;
        return !pae || walker.loadPdptes(cpu.cr3);
    }

    private boolean pcids() {
        return (cpu.cr4 & ControlBits.CR4_PCIDE) != 0;
    }

    private int pcid() {
        return pcids() ? (int) cpu.cr3 & 0xfff : 0;
    }

    /// Makes the address space of `pcid` the current one.
    ///
    /// @return whether it may hold translations
    private boolean switchTo(int pcid) {
        AddressSpace found = find(pcid);
        boolean known = found != null;
        if (!known) {
            found = leastRecentlyUsed();
            found.flushNonGlobal();
            found.pcid = pcid;
        }
        found.used = ++switches;
        if (found != space) {
            space = found;
            kernel.clearNonGlobal();
            refresh();
        }
        return known;
    }

    private AddressSpace find(int pcid) {
        for (AddressSpace candidate : spaces) {
            if (candidate != null && candidate.pcid == pcid) {
                return candidate;
            }
        }
        return null;
    }

    private AddressSpace leastRecentlyUsed() {
        AddressSpace least = spaces[0];
        for (int i = 0; i < spaces.length; i++) {
            if (spaces[i] == null) {
                spaces[i] = addressSpace(i);
                return spaces[i];
            }
            if (spaces[i].used < least.used) {
                least = spaces[i];
            }
        }
        return least;
    }

    /// Reads the four PDPTEs again, as a MOV to CR0 or CR4 does that changes PAE paging.
    ///
    /// @throws GuestFault #GP(0) for reserved bits
    void loadPdptes(long cr3) {
        if (!walker.loadPdptes(cr3)) {
            throw cpu.gp(0);
        }
    }

    /// Forgets every translation, global or not.
    void flush() {
        counters.flushes++;
        for (AddressSpace each : spaces) {
            if (each != null) {
                each.flush();
            }
        }
        // CR4.PCIDE may have changed, and with it what the current PCID is.
        switchTo(pcid());
        cpu.blockEnd = 0;
    }

    /// Forgets translations that are not global, in every PCID.
    void flushNonGlobal() {
        counters.flushes++;
        for (AddressSpace each : spaces) {
            if (each != null) {
                each.flushNonGlobal();
            }
        }
        cpu.blockEnd = 0;
    }

    /// Forgets translations of `pcid` that are not global.
    void flushPcid(int pcid) {
        counters.flushes++;
        AddressSpace each = find(pcid);
        if (each != null) {
            each.flushNonGlobal();
        }
        cpu.blockEnd = 0;
    }

    /// Forgets the pages with these protection keys, a bit each, in every PCID.
    void forgetKeys(int keys) {
        for (AddressSpace each : spaces) {
            if (each != null) {
                each.forgetKeys(keys);
            }
        }
    }

    /// INVLPG: forgets the page of `gva`, in the current PCID or global.
    void invalidate(long gva) {
        counters.invalidations++;
        for (AddressSpace each : spaces) {
            if (each != null) {
                each.invalidate(gva, true, each == space);
            }
        }
        cpu.blockEnd = 0;
    }

    /// Forgets the page of `gva`, in every PCID and global.
    void invalidateEverywhere(long gva) {
        counters.invalidations++;
        for (AddressSpace each : spaces) {
            if (each != null) {
                each.invalidate(gva, true, true);
            }
        }
        cpu.blockEnd = 0;
    }

    /// INVPCID type 0: forgets the page of `gva` in `pcid`, unless it is global.
    void invalidate(long gva, int pcid) {
        counters.invalidations++;
        AddressSpace each = find(pcid);
        if (each != null) {
            each.invalidate(gva, false, true);
        }
        cpu.blockEnd = 0;
    }

    /// Sees to it that writes to the page of `gpa` ask before they go straight to memory again.
    void writeProtect(long gpa) {
        for (AddressSpace each : spaces) {
            if (each != null) {
                each.writeProtect(gpa & PAGE);
            }
        }
    }

    /// Sees to it that writes ask before they go straight to memory again.
    void writeProtect() {
        for (AddressSpace each : spaces) {
            if (each != null) {
                each.writeProtect();
            }
        }
    }
}
