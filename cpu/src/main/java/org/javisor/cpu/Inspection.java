// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.MemorySlot;

/// Linear to guest-physical addresses for who looks at a processor from outside: asks for no rights, sets no accessed
/// bits, fills no TLB.
///
/// @sdm vol. 3A chapter 4 "Paging"
final class Inspection {
    static final long UNMAPPED = -1;
    private static final long P = 1, PS = 1 << 7;

    private final Cpu cpu;
    private final GuestMemory memory;
    private final long address;

    Inspection(Cpu cpu) {
        this.cpu = cpu;
        this.memory = cpu.mmu.fill.memory();
        this.address = (1L << cpu.cpuid.physicalAddressBits()) - 1 & -4096;
    }

    /// @return the guest-physical address, or [#UNMAPPED]
    long gpa(long gva) {
        if ((cpu.cr0 & ControlBits.CR0_PG) == 0) {
            return gva & 0xffff_ffffL;
        }
        if ((cpu.cr4 & ControlBits.CR4_PAE) == 0) {
            return gpa32(gva & 0xffff_ffffL);
        }
        if ((cpu.efer & ControlBits.EFER_LMA) == 0) {
            long pdpte = entry((cpu.cr3 & 0xffff_ffe0L) + (gva >>> 30 & 3) * 8, 8);
            return (pdpte & P) == 0 ? UNMAPPED : gpa64(gva & 0xffff_ffffL, pdpte & address, 2);
        }
        return cpu.mmu.canonical(gva)
                ? gpa64(gva, cpu.cr3 & address, (cpu.cr4 & ControlBits.CR4_LA57) != 0 ? 5 : 4) : UNMAPPED;
    }

    private long gpa64(long gva, long root, int levels) {
        long table = root;
        for (int level = levels; level > 0; level--) {
            int shift = 3 + 9 * level;
            long entry = entry(table | (gva >>> shift & 511) << 3, 8);
            if ((entry & P) == 0) {
                return UNMAPPED;
            }
            boolean leaf = level == 1 || level <= 3 && (entry & PS) != 0;
            if (leaf) {
                long size = 1L << shift;
                return entry & (address & -size) | gva & size - 1;
            }
            table = entry & address;
        }
        return UNMAPPED;
    }

    private long gpa32(long gva) {
        long pde = entry((cpu.cr3 & 0xffff_f000L) + (gva >>> 22) * 4, 4);
        if ((pde & P) == 0) {
            return UNMAPPED;
        }
        if ((pde & PS) != 0 && (cpu.cr4 & ControlBits.CR4_PSE) != 0) {
            return pde & 0xffc0_0000L | (pde >>> 13 & 0xff) << 32 | gva & 0x3f_ffff;
        }
        long pte = entry((pde & 0xffff_f000L) + (gva >>> 12 & 1023) * 4, 4);
        return (pte & P) == 0 ? UNMAPPED : pte & 0xffff_f000L | gva & 0xfff;
    }

    /// An entry of a table; what is not memory has no entries.
    private long entry(long at, int bytes) {
        long gpa = cpu.mmu.fill.a20(at);
        MemorySlot slot = memory.find(gpa);
        return slot == null ? 0 : HostMemory.load(slot.hva(gpa), bytes);
    }
}
