// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;
import org.javisor.isa.OpcodeRow;

/// Where the operands of SSE and AVX instructions are. A memory operand is used in place if its page is at hand, else
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

    /// Host address of the first source, a register: operand 0 or, behind a VEX prefix, 1.
    static long first(Cpu cpu, Insn insn) {
        return cpu.state + insn.atFirst;
    }

    /// Host address of the last source: a register, or memory, which must be aligned unless there is a VEX
    /// prefix.
    static long source(Cpu cpu, Insn insn) {
        if (!insn.sourceInMemory) {
            return cpu.state + insn.atSource;
        }
        return insn.vectorBytes == 0 ? fetchAligned(cpu, insn) : fetchVex(cpu, insn);
    }

    /// As [#source], for the few instructions that demand no alignment.
    static long sourceUnaligned(Cpu cpu, Insn insn) {
        return insn.sourceInMemory ? fetch(cpu, insn) : cpu.state + insn.atSource;
    }

    /// As [#source], for memory operands of 8 bytes or less.
    static long sourceScalar(Cpu cpu, Insn insn) {
        return insn.sourceInMemory ? fetchScalar(cpu, insn) : cpu.state + insn.atSource;
    }

    private static long fetchScalar(Cpu cpu, Insn insn) {
        long at = cpu.state + CpuLayout.OPERAND;
        HostMemory.storeLong(at, cpu.load(insn.segment, cpu.effectiveAddress(insn), insn.sourceBytes));
        return at;
    }

    /// As [#sourceUnaligned], for instructions that load bytes more than once: never memory itself.
    static long sourceCopied(Cpu cpu, Insn insn) {
        return insn.sourceInMemory ? copied(cpu, fetch(cpu, insn)) : cpu.state + insn.atSource;
    }

    /// As [#source], for instructions that load bytes more than once or behind their destination has been
    /// written: never memory itself, and not the destination.
    static long sourceApart(Cpu cpu, Insn insn) {
        long from = source(cpu, insn);
        long at = cpu.state + CpuLayout.OPERAND;
        if (from != at) {
            long low = load(from);
            long high = load(from + 8);
            if (insn.sourceBytes == 32) {
                store(at + 16, load(from + 16), load(from + 24));
            }
            store(at, low, high);
        }
        return at;
    }

    private static long copied(Cpu cpu, long from) {
        long at = cpu.state + CpuLayout.OPERAND;
        store(at, load(from), load(from + 8));
        return at;
    }

    /// Memory of any size, which few rows need aligned.
    private static long fetchVex(Cpu cpu, Insn insn) {
        return switch (insn.sourceBytes) {
            case 32 -> fetchYmm(cpu, insn);
            case 16 -> insn.row.has(OpcodeRow.Attribute.ALIGNED) ? fetchAligned(cpu, insn) : fetch(cpu, insn);
            default -> fetchScalar(cpu, insn);
        };
    }

    private static long fetchYmm(Cpu cpu, Insn insn) {
        long offset = cpu.effectiveAddress(insn);
        long gva = cpu.segments.linear(insn.segment, offset, 32, false);
        if (insn.row.has(OpcodeRow.Attribute.ALIGNED) && (gva & 31) != 0) {
            throw cpu.gp(0);
        }
        if ((gva & PAGE_BYTES - 1) <= PAGE_BYTES - 32) {
            long hva = cpu.mmu.readWindow(gva);
            if (hva != 0) {
                return hva;
            }
        }
        long at = cpu.state + CpuLayout.OPERAND;
        for (int n = 0; n < 32; n += 8) {
            HostMemory.storeLong(at + n, cpu.mmu.load(insn.segment, part(cpu, insn, offset, n, false), 8));
        }
        return at;
    }

    /// Writes 16 bytes to the register at `to`. With a VEX prefix the rest of it is cleared.
    static void storeXmm(Insn insn, long to, long low, long high) {
        store(to, low, high);
        if (insn.vectorBytes != 0) {
            store(to + 16, 0, 0);
        }
    }

    /// Writes a scalar result to operand 0. With a VEX prefix what is above it in 16 bytes comes from the
    /// first source.
    static void storeSingle(Cpu cpu, Insn insn, int value) {
        mergeFirst(cpu, insn);
        HostMemory.storeInt(cpu.state + insn.at0, value);
    }

    static void storeDouble(Cpu cpu, Insn insn, long value) {
        mergeFirst(cpu, insn);
        HostMemory.storeLong(cpu.state + insn.at0, value);
    }

    /// Makes operand 0 the first source, which without a VEX prefix it is.
    static void mergeFirst(Cpu cpu, Insn insn) {
        if (insn.vectorBytes != 0) {
            long a = first(cpu, insn);
            long to = target(cpu, insn);
            store(to, load(a), load(a + 8));
            store(to + 16, 0, 0);
        }
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

    /// Stores 32 bytes at `from` to the memory operand: all of them, or none if one cannot be written.
    static void storeYmm(Cpu cpu, Insn insn, long from) {
        long offset = cpu.effectiveAddress(insn);
        long gva = cpu.segments.linear(insn.segment, offset, 32, true);
        if (insn.row.has(OpcodeRow.Attribute.ALIGNED) && (gva & 31) != 0) {
            throw cpu.gp(0);
        }
        if ((gva & PAGE_BYTES - 1) <= PAGE_BYTES - 32) {
            long hva = cpu.mmu.writeWindow(gva);
            if (hva != 0) {
                store(hva, load(from), load(from + 8));
                store(hva + 16, load(from + 16), load(from + 24));
                return;
            }
        } else {
            for (int n = 0; n < 32; n += 8) {
                cpu.mmu.probe(insn.segment, part(cpu, insn, offset, n, true), 8, true);
            }
        }
        for (int n = 0; n < 32; n += 8) {
            cpu.mmu.store(insn.segment, part(cpu, insn, offset, n, true), 8, load(from + n));
        }
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
        return part(cpu, insn, offset, 8, forWrite);
    }

    private static long part(Cpu cpu, Insn insn, long offset, int distance, boolean forWrite) {
        return cpu.segments.linear(insn.segment, offset + distance, 8, forWrite);
    }
}
