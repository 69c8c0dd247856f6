// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;

/// The address spaces that a processor knows translations of, by PCID, and what makes it forget them.
///
/// @sdm vol. 3A §4.10 "Caching Translation Information"
final class AddressSpaces {
    private static final long PAGE = -4096;

    private final Cpu cpu;
    final PageMarks marks;
    /// What is known of the kernel's code, in all address spaces.
    final CodeEntries kernel;
    private final AddressSpace[] spaces = new AddressSpace[CpuLayout.ADDRESS_SPACES];
    AddressSpace current;
    private long switches;

    AddressSpaces(Cpu cpu) {
        this.cpu = cpu;
        marks = new PageMarks(cpu.state + CpuLayout.PAGE_MARKS);
        kernel = new CodeEntries(cpu.state + CpuLayout.ENTRY_CACHES, marks);
        spaces[0] = create(0);
        current = spaces[0];
    }

    private AddressSpace create(int n) {
        HostMemory.storeInt(cpu.state + CpuLayout.TLBS_IN_USE, AddressSpace.TLBS * (n + 1));
        return new AddressSpace(cpu.state + CpuLayout.TLB + (long) n * AddressSpace.BYTES,
                new CodeEntries(cpu.state + CpuLayout.ENTRY_CACHES + (1L + n) * CodeEntries.BYTES, marks), kernel,
                marks);
    }

    /// Whether what is known of the kernel's code is 64-bit code at CPL 0, if anything is.
    boolean kernelIs64Bit() {
        return kernel.decodeMode() == (64 | InstructionDecoder.SUPERVISOR | counted());
    }

    /// Whether what is known of the program's code is 64-bit code, if anything is.
    boolean programIs64Bit() {
        return current.user.codeEntries.decodeMode() == (64 | counted());
    }

    private int counted() {
        return cpu.decodeMode & InstructionDecoder.COUNTED;
    }

    /// Makes the address space of `pcid` the current one.
    ///
    /// @return whether it may hold translations
    boolean switchTo(int pcid) {
        AddressSpace found = find(pcid);
        boolean known = found != null;
        if (!known) {
            found = leastRecentlyUsed();
            found.flushNonGlobal();
            found.pcid = pcid;
        }
        found.used = ++switches;
        if (found != current) {
            current = found;
            kernel.clearNonGlobal();
            cpu.mmu.refresh();
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
                spaces[i] = create(i);
                return spaces[i];
            }
            if (spaces[i].used < least.used) {
                least = spaces[i];
            }
        }
        return least;
    }

    boolean pcids() {
        return (cpu.cr4 & ControlBits.CR4_PCIDE) != 0;
    }

    int pcid() {
        return pcids() ? (int) cpu.cr3 & 0xfff : 0;
    }

    /// Forgets every translation, global or not.
    void flush() {
        cpu.mmu.counters.flushes++;
        for (AddressSpace each : spaces) {
            if (each != null) {
                each.flush();
            }
        }
        marks.clear();
        cpu.mmu.walks.publishSlots();
        // CR4.PCIDE may have changed, and with it what the current PCID is.
        switchTo(pcid());
        cpu.blockEnd = 0;
    }

    /// Forgets translations that are not global, in every PCID.
    void flushNonGlobal() {
        cpu.mmu.counters.flushes++;
        for (AddressSpace each : spaces) {
            if (each != null) {
                each.flushNonGlobal();
            }
        }
        cpu.blockEnd = 0;
    }

    /// Forgets translations of `pcid` that are not global.
    void flushPcid(int pcid) {
        cpu.mmu.counters.flushes++;
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
        cpu.mmu.counters.invalidations++;
        for (AddressSpace each : spaces) {
            if (each != null) {
                each.invalidate(gva, true, each == current);
            }
        }
        review(gva);
        cpu.blockEnd = 0;
    }

    /// Takes note of what translated code has entered.
    ///
    /// @param keep whether it stays: not where the page tables are to be what they were before
    void gather(boolean keep) {
        HostMemory.storeInt(cpu.state + CpuLayout.WALKED, 0);
        for (AddressSpace each : spaces) {
            if (each != null) {
                each.gather(keep);
            }
        }
    }

    /// Removes the marks of a page that was forgotten, unless another has them.
    private void review(long gva) {
        for (int kind = PageMarks.CODE; kind <= PageMarks.HUGE; kind++) {
            if (marks.has(kind, gva) && !mayBeMarked(kind, gva)) {
                marks.remove(kind, gva);
            }
        }
    }

    private boolean mayBeMarked(int kind, long gva) {
        for (AddressSpace each : spaces) {
            if (each != null && each.mayBeMarked(kind, gva)) {
                return true;
            }
        }
        return false;
    }

    /// Forgets the page of `gva`, in every PCID and global.
    void invalidateEverywhere(long gva) {
        cpu.mmu.counters.invalidations++;
        for (AddressSpace each : spaces) {
            if (each != null) {
                each.invalidate(gva, true, true);
            }
        }
        review(gva);
        cpu.blockEnd = 0;
    }

    /// INVPCID type 0: forgets the page of `gva` in `pcid`, unless it is global.
    void invalidate(long gva, int pcid) {
        cpu.mmu.counters.invalidations++;
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
        cpu.mmu.walks.publishSlots();
        for (AddressSpace each : spaces) {
            if (each != null) {
                each.writeProtect();
            }
        }
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
}
