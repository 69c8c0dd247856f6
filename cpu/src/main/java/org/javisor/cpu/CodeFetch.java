// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.memory.GuestMemory;

/// Instruction fetch: from instruction pointers to code, with the privilege of the current one.
final class CodeFetch {
    private final Cpu cpu;
    private final Mmu mmu;
    private final TlbFill fill;

    CodeFetch(Cpu cpu, Mmu mmu, TlbFill fill) {
        this.cpu = cpu;
        this.mmu = mmu;
        this.fill = fill;
    }

    /// The block that was last found at `rip`, or null if that has to be found out anew.
    Block knownBlock(long rip) {
        return mmu.current().codeEntries.jumps.find(rip);
    }

    /// @param block of a page, found at `rip` just now
    void foundBlock(long rip, Block block) {
        boolean global = mmu.current().global(rip);
        if (block.tail == null) {
            mmu.current().codeEntries.put(rip, block, global);
        } else {
            mmu.current().codeEntries.putAcross(rip, block, global && mmu.current().global(pageBehind(rip)));
        }
        cpu.monitor.branchMissed();
    }

    /// The address of the page behind that of `gva`.
    static long pageBehind(long gva) {
        return (gva | GuestMemory.PAGE_BYTES - 1) + 1;
    }

    /// Has translated code that leads to `rip`, where a block was found just now, go on at host address `entry`.
    void foundEntry(long rip, long entry) {
        mmu.current().codeEntries.enter(rip, entry);
    }

    /// The page of code that `gva` is in, or null when no memory backs it; then [#fetchGpa] is the address.
    ///
    /// @throws GuestFault #PF, or #GP(0) for an address that is not canonical
    CodePage codePage(long gva) {
        if (!mmu.current().executable(gva) && !walkForFetch(gva)) {
            return null;
        }
        CodePage page = mmu.current().code(gva);
        if (page == null) {
            page = cpu.group.codePage(fill.memory(), mmu.current().gpa(gva));
            mmu.current().permitExecute(gva, page);
        }
        return page;
    }

    private boolean walkForFetch(long gva) {
        if (cpu.codeBits == 64 && !mmu.canonical(gva)) {
            throw cpu.gp(0);
        }
        return fill.walk(mmu.current(), gva, mmu.privilege() | PageWalker.FETCH);
    }

    /// Where the byte of code at `gva` is, or 0 when no memory backs it; then [#fetchGpa] is its address.
    ///
    /// @throws GuestFault as [#codePage]
    long fetchHva(long gva) {
        return mmu.current().executable(gva) || walkForFetch(gva) ? mmu.current().hva(gva) : 0;
    }

    /// Where the page of code is that was found at `gva`, if that is certain without a walk; else 0.
    long knownHva(CodePage page, long gva) {
        return mmu.current().executable(gva) && mmu.current().code(gva) == page ? mmu.current().hva(gva) : 0;
    }

    long fetchGpa() {
        return fill.gpa();
    }

    /// As [Mmu#miss], of the instruction at `rip`, 64-bit code or flat.
    int missFetch(long rip) {
        if (mmu.current().executable(rip) || cpu.codeBits == 64 && !mmu.canonical(rip)) {
            return PageWalker.MAPPED;
        }
        int access = mmu.privilege() | PageWalker.FETCH;
        int result = fill.reach(rip, access);
        if (result == PageWalker.MAPPED) {
            fill.fill(mmu.current(), rip, access);
        }
        return result;
    }
}
