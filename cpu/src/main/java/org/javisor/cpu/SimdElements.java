// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.MMX;

import org.javisor.host.HostMemory;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;

/// Single elements and masks: PEXTR, PINSR, MOVMSK and the byte-masked stores.
final class SimdElements {
    private SimdElements() { }

    static void bind(Bindings.Binder b) {
        b.bind(Mnemonic.PEXTRB, (cpu, insn) -> extract(cpu, insn, 1))
                .bind(Mnemonic.PEXTRW, (cpu, insn) -> extract(cpu, insn, 2))
                .bind(Mnemonic.PEXTRD, (cpu, insn) -> extract(cpu, insn, insn.bytes0))
                .bind(Mnemonic.EXTRACTPS, (cpu, insn) -> extract(cpu, insn, 4))
                .bind(Mnemonic.PINSRB, (cpu, insn) -> insert(cpu, insn, 1))
                .bind(Mnemonic.PINSRW, (cpu, insn) -> insert(cpu, insn, 2))
                .bind(Mnemonic.PINSRD, (cpu, insn) -> insert(cpu, insn, insn.sourceBytes))
                .bind(Mnemonic.PMOVMSKB, SimdElements::pmovmskb)
                .bind(Mnemonic.MOVMSKPS, SimdElements::movmskps)
                .bind(Mnemonic.MOVMSKPD, SimdElements::movmskpd)
                .bind(Mnemonic.MASKMOVQ, SimdElements::maskmovq)
                .bind(Mnemonic.MASKMOVDQU, SimdElements::maskmovdqu);
    }

    /// Where in the register at `at` the element of `bytes` bytes is that the immediate names.
    private static long element(Insn insn, int kind, long at, int bytes) {
        int elements = (kind == MMX ? 8 : 16) / bytes;
        return at + ((int) insn.immediate & elements - 1) * bytes;
    }

    private static void check(Cpu cpu, Insn insn, int kind) {
        if (kind == MMX) {
            Availability.checkMmx(cpu);
        } else {
            Availability.checkVector(cpu, insn);
        }
    }

    private static void extract(Cpu cpu, Insn insn, int bytes) {
        check(cpu, insn, insn.kind1);
        long value = HostMemory.load(element(insn, insn.kind1, cpu.state + insn.at1, bytes), bytes);
        if (insn.kind0 == GPR) {
            cpu.reg64(insn.reg0, value);
        } else {
            cpu.store(insn.segment, cpu.effectiveAddress(insn), bytes, value);
        }
        if (insn.kind1 == MMX) {
            Mmx.enter(cpu);
        }
    }

    private static void insert(Cpu cpu, Insn insn, int bytes) {
        check(cpu, insn, insn.kind0);
        long value = insn.sourceInMemory
                ? cpu.load(insn.segment, cpu.effectiveAddress(insn), bytes)
                : load(cpu.state + insn.atSource);
        VectorOperands.mergeFirst(cpu, insn);
        HostMemory.store(element(insn, insn.kind0, cpu.state + insn.at0, bytes), bytes, value);
        if (insn.kind0 == MMX) {
            Mmx.write(cpu, insn.at0, load(cpu.state + insn.at0));
        }
    }

    private static void pmovmskb(Cpu cpu, Insn insn) {
        check(cpu, insn, insn.kind1);
        long at = cpu.state + insn.at1;
        if (insn.kind1 == MMX) {
            Mmx.enter(cpu);
            cpu.reg32(insn.reg0, LaneShuffle.topBits(load(at)));
        } else {
            int upper = insn.vectorBytes == 32 ? topBits(at + 16) << 16 : 0;
            cpu.reg32(insn.reg0, topBits(at) | upper);
        }
    }

    private static int topBits(long at) {
        return LaneShuffle.topBits(load(at)) | LaneShuffle.topBits(load(at + 8)) << 8;
    }

    private static void movmskps(Cpu cpu, Insn insn) {
        Availability.checkVector(cpu, insn);
        long at = cpu.state + insn.at1;
        int upper = insn.vectorBytes == 32 ? signs(load(at + 16)) << 4 | signs(load(at + 24)) << 6 : 0;
        cpu.reg32(insn.reg0, signs(load(at)) | signs(load(at + 8)) << 2 | upper);
    }

    private static int signs(long x) {
        return (int) (x >>> 31 & 1 | x >>> 62 & 2);
    }

    private static void movmskpd(Cpu cpu, Insn insn) {
        Availability.checkVector(cpu, insn);
        long at = cpu.state + insn.at1;
        long upper = insn.vectorBytes == 32 ? load(at + 16) >>> 63 << 2 | load(at + 24) >>> 63 << 3 : 0;
        cpu.reg32(insn.reg0, (int) (load(at) >>> 63 | load(at + 8) >>> 63 << 1 | upper));
    }

    private static void maskmovq(Cpu cpu, Insn insn) {
        Availability.checkMmx(cpu);
        storeMasked(cpu, insn, LaneShuffle.topBits(load(cpu.state + insn.at1)));
        Mmx.enter(cpu);
    }

    private static void maskmovdqu(Cpu cpu, Insn insn) {
        Availability.checkVector(cpu, insn);
        long mask = cpu.state + insn.at1;
        storeMasked(cpu, insn, topBits(mask));
    }

    /// Stores the chosen bytes of operand 0 to DS:rDI. Only what is stored can fault.
    private static void storeMasked(Cpu cpu, Insn insn, int mask) {
        if (mask == 0) {
            return;
        }
        int segment = insn.has(Instruction.SEGMENT_OVERRIDE) ? insn.segment : Instruction.DS;
        long offset = cpu.reg64(CpuLayout.RDI);
        int first = Integer.numberOfTrailingZeros(mask);
        int behind = 32 - Integer.numberOfLeadingZeros(mask);
        cpu.probe(segment, offset + first & insn.addressMask, behind - first, true);
        for (int i = first; i < behind; i++) {
            if ((mask >> i & 1) != 0) {
                long value = HostMemory.loadByte(cpu.state + insn.at0 + i) & 0xffL;
                cpu.store(segment, offset + i & insn.addressMask, 1, value);
            }
        }
    }
}
