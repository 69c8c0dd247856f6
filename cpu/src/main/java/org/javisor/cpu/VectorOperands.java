// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.MEM;

import org.javisor.host.HostMemory;

/// Where the operands of SSE instructions are. A memory operand is used in place if its page is at hand, else
/// first brought to [CpuLayout#OPERAND], so that what follows works on addresses alike and nothing can fault
/// any more.
///
/// Another processor may write the operand meanwhile: who uses it in place loads every byte of it once.
final class VectorOperands {
    private static final int PAGE_BYTES = 4096;

    private VectorOperands() { }

    static long load(long at) {
        return HostMemory.loadLong(at);
    }

    static void store(long at, long low, long high) {
        HostMemory.storeLong(at, low);
        HostMemory.storeLong(at + 8, high);
    }

    /// Host address of operand 0, a register.
    static long target(Cpu cpu, Insn insn) {
        return cpu.state + insn.at0;
    }

    /// Host address of operand 1: a register, or 16 aligned bytes of memory.
    static long source(Cpu cpu, Insn insn) {
        return insn.kind1 == MEM ? fetchAligned(cpu, insn) : cpu.state + insn.at1;
    }

    /// As [#source], for the few instructions that demand no alignment.
    static long sourceUnaligned(Cpu cpu, Insn insn) {
        return insn.kind1 == MEM ? fetch(cpu, insn) : cpu.state + insn.at1;
    }

    /// As [#source], for memory operands of 8 bytes or less.
    static long sourceScalar(Cpu cpu, Insn insn) {
        if (insn.kind1 != MEM) {
            return cpu.state + insn.at1;
        }
        long at = cpu.state + CpuLayout.OPERAND;
        HostMemory.storeLong(at, cpu.load(insn.segment, cpu.effectiveAddress(insn), insn.bytes1));
        return at;
    }

    /// As [#sourceUnaligned], for instructions that load bytes more than once: never memory itself.
    static long sourceCopied(Cpu cpu, Insn insn) {
        return insn.kind1 == MEM ? copied(cpu, fetch(cpu, insn)) : cpu.state + insn.at1;
    }

    /// As [#sourceCopied], for aligned memory.
    static long sourceCopiedAligned(Cpu cpu, Insn insn) {
        return insn.kind1 == MEM ? copied(cpu, fetchAligned(cpu, insn)) : cpu.state + insn.at1;
    }

    private static long copied(Cpu cpu, long from) {
        long at = cpu.state + CpuLayout.OPERAND;
        store(at, load(from), load(from + 8));
        return at;
    }

    private static long fetchAligned(Cpu cpu, Insn insn) {
        long gva = aligned(cpu, insn, false);
        long hva = cpu.mmu.readWindow(gva);
        return hva != 0 ? hva : fetchHalves(cpu, insn, gva, gva + 8);
    }

    private static long fetch(Cpu cpu, Insn insn) {
        long offset = cpu.effectiveAddress(insn);
        long gva = cpu.segments.linear(insn.segment, offset, 16, false);
        if ((gva & PAGE_BYTES - 1) <= PAGE_BYTES - 16) {
            long hva = cpu.mmu.readWindow(gva);
            if (hva != 0) {
                return hva;
            }
        }
        return fetchHalves(cpu, insn, gva, upper(cpu, insn, offset, false));
    }

    private static long fetchHalves(Cpu cpu, Insn insn, long gva, long above) {
        long at = cpu.state + CpuLayout.OPERAND;
        long low = cpu.mmu.load(insn.segment, gva, 8);
        store(at, low, cpu.mmu.load(insn.segment, above, 8));
        return at;
    }

    /// Stores 16 bytes to the memory operand, which must be aligned.
    static void storeAligned(Cpu cpu, Insn insn, long low, long high) {
        long gva = aligned(cpu, insn, true);
        long hva = cpu.mmu.writeWindow(gva);
        if (hva != 0) {
            store(hva, low, high);
        } else {
            storeHalves(cpu, insn, gva, gva + 8, low, high);
        }
    }

    static void storeUnaligned(Cpu cpu, Insn insn, long low, long high) {
        long offset = cpu.effectiveAddress(insn);
        long gva = cpu.segments.linear(insn.segment, offset, 16, true);
        if ((gva & PAGE_BYTES - 1) <= PAGE_BYTES - 16) {
            long hva = cpu.mmu.writeWindow(gva);
            if (hva != 0) {
                store(hva, low, high);
                return;
            }
        }
        storeHalves(cpu, insn, gva, upper(cpu, insn, offset, true), low, high);
    }

    /// Neither half is written unless both can be.
    private static void storeHalves(Cpu cpu, Insn insn, long gva, long above, long low, long high) {
        if ((gva & PAGE_BYTES - 1) > PAGE_BYTES - 16) {
            cpu.mmu.probe(insn.segment, gva, 8, true);
            cpu.mmu.probe(insn.segment, above, 8, true);
        }
        cpu.mmu.store(insn.segment, gva, 8, low);
        cpu.mmu.store(insn.segment, above, 8, high);
    }

    /// The memory operand's linear address; #GP(0) unless it is a multiple of 16.
    private static long aligned(Cpu cpu, Insn insn, boolean forWrite) {
        long gva = cpu.segments.linear(insn.segment, cpu.effectiveAddress(insn), 16, forWrite);
        if ((gva & 15) != 0) {
            throw cpu.gp(0);
        }
        return gva;
    }

    /// Linear address of the upper 8 bytes, which may lie beyond the wrap of 32-bit linear addresses.
    private static long upper(Cpu cpu, Insn insn, long offset, boolean forWrite) {
        return cpu.segments.linear(insn.segment, offset + 8, 8, forWrite);
    }
}
