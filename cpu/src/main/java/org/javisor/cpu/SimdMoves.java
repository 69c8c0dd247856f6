// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.store;
import static org.javisor.isa.Instruction.MEM;
import static org.javisor.isa.Instruction.MMX;
import static org.javisor.isa.Instruction.XMM;

import java.util.List;
import org.javisor.host.HostMemory;
import org.javisor.isa.Mnemonic;

/// MMX and SSE moves between registers and memory.
final class SimdMoves {
    private static final long LOW_DWORD = 0xffff_ffffL;

    private static final List<Mnemonic> ALIGNED = List.of(Mnemonic.MOVAPS, Mnemonic.MOVAPD, Mnemonic.MOVDQA,
            Mnemonic.MOVNTPS, Mnemonic.MOVNTPD, Mnemonic.MOVNTDQ, Mnemonic.MOVNTDQA);
    private static final List<Mnemonic> UNALIGNED =
            List.of(Mnemonic.MOVUPS, Mnemonic.MOVUPD, Mnemonic.MOVDQU, Mnemonic.LDDQU);

    private SimdMoves() { }

    static void bind(Bindings.Binder b) {
        bindWhole(b);
        bindScalar(b);
        bindHalves(b);
    }

    private static void bindWhole(Bindings.Binder b) {
        for (Mnemonic aligned : ALIGNED) {
            b.choose(aligned, insn -> insn.kind0 == MEM ? SimdMoves::storeAligned : SimdMoves::loadAligned);
        }
        for (Mnemonic any : UNALIGNED) {
            b.choose(any, insn -> insn.kind0 == MEM ? SimdMoves::storeUnaligned : SimdMoves::loadUnaligned);
        }
    }

    private static void bindScalar(Bindings.Binder b) {
        b.choose(Mnemonic.MOVSS, SimdMoves::chooseMovss)
                .choose(Mnemonic.MOVSD, SimdMoves::chooseMovsd)
                .choose(Mnemonic.MOVQ, SimdMoves::chooseMovq)
                .bind(Mnemonic.MOVD, SimdMoves::movd)
                .bind(Mnemonic.MOVNTQ, SimdMoves::movd)
                .bind(Mnemonic.MOVQ2DQ, SimdMoves::movd)
                .bind(Mnemonic.MOVDQ2Q, SimdMoves::movd)
                .bind(Mnemonic.EMMS, Mmx::emms);
    }

    private static void bindHalves(Bindings.Binder b) {
        for (Mnemonic low : new Mnemonic[] {Mnemonic.MOVLPS, Mnemonic.MOVLPD}) {
            b.choose(low, insn -> insn.kind0 == MEM ? SimdMoves::storeLow : SimdMoves::loadLow);
        }
        for (Mnemonic high : new Mnemonic[] {Mnemonic.MOVHPS, Mnemonic.MOVHPD}) {
            b.choose(high, insn -> insn.kind0 == MEM ? SimdMoves::storeHigh : SimdMoves::loadHigh);
        }
        b.bind(Mnemonic.MOVHLPS, SimdMoves::movhlps).bind(Mnemonic.MOVLHPS, SimdMoves::loadHigh);
    }

    // ---- all 16 bytes ----

    private static void loadAligned(Cpu cpu, Insn insn) {
        Availability.checkSse(cpu);
        copy(VectorOperands.target(cpu, insn), VectorOperands.source(cpu, insn));
    }

    private static void loadUnaligned(Cpu cpu, Insn insn) {
        Availability.checkSse(cpu);
        copy(VectorOperands.target(cpu, insn), VectorOperands.sourceUnaligned(cpu, insn));
    }

    private static void copy(long to, long from) {
        store(to, load(from), load(from + 8));
    }

    private static void storeAligned(Cpu cpu, Insn insn) {
        Availability.checkSse(cpu);
        long from = cpu.state + insn.at1;
        VectorOperands.storeAligned(cpu, insn, load(from), load(from + 8));
    }

    private static void storeUnaligned(Cpu cpu, Insn insn) {
        Availability.checkSse(cpu);
        long from = cpu.state + insn.at1;
        VectorOperands.storeUnaligned(cpu, insn, load(from), load(from + 8));
    }

    // ---- 4 or 8 bytes ----

    /// A load clears the rest of the register; a move between registers leaves it.
    private static Handler chooseMovss(Insn insn) {
        if (insn.kind0 == MEM) {
            return SimdMoves::storeDword;
        }
        return insn.kind1 == MEM ? SimdMoves::loadClearing : SimdMoves::mergeDword;
    }

    private static Handler chooseMovsd(Insn insn) {
        if (insn.kind0 == MEM) {
            return SimdMoves::storeLow;
        }
        return insn.kind1 == MEM ? SimdMoves::loadClearing : SimdMoves::loadLow;
    }

    private static Handler chooseMovq(Insn insn) {
        if (insn.kind0 == XMM && (insn.kind1 == XMM || insn.kind1 == MEM)) {
            return SimdMoves::loadClearing;
        }
        return insn.kind0 == MEM && insn.kind1 == XMM ? SimdMoves::storeLow : SimdMoves::movd;
    }

    private static void loadClearing(Cpu cpu, Insn insn) {
        Availability.checkSse(cpu);
        store(VectorOperands.target(cpu, insn), load(VectorOperands.sourceScalar(cpu, insn)), 0);
    }

    private static void mergeDword(Cpu cpu, Insn insn) {
        Availability.checkSse(cpu);
        HostMemory.storeInt(cpu.state + insn.at0, HostMemory.loadInt(cpu.state + insn.at1));
    }

    private static void storeDword(Cpu cpu, Insn insn) {
        Availability.checkSse(cpu);
        cpu.store(insn.segment, cpu.effectiveAddress(insn), 4, load(cpu.state + insn.at1) & LOW_DWORD);
    }

    /// MOVD, and those forms of MOVQ that are rare or have a general or MMX register: the source,
    /// zero-extended, to the destination.
    private static void movd(Cpu cpu, Insn insn) {
        boolean mmx = insn.kind0 == MMX || insn.kind1 == MMX;
        if (mmx) {
            Availability.checkMmx(cpu);
        } else {
            Availability.checkSse(cpu);
        }
        boolean vector = insn.kind1 == MMX || insn.kind1 == XMM;
        long value = vector ? load(cpu.state + insn.at1) : cpu.read(insn, 1);
        switch (insn.kind0) {
            case MMX -> Mmx.write(cpu, insn.at0, value);
            case XMM -> store(cpu.state + insn.at0, value, 0);
            default -> cpu.write(insn, 0, value & Cpu.mask(insn.bytes0));
        }
        if (mmx) {
            Mmx.enter(cpu);
        }
    }

    // ---- halves ----

    private static void loadLow(Cpu cpu, Insn insn) {
        Availability.checkSse(cpu);
        HostMemory.storeLong(cpu.state + insn.at0, load(VectorOperands.sourceScalar(cpu, insn)));
    }

    private static void storeLow(Cpu cpu, Insn insn) {
        Availability.checkSse(cpu);
        cpu.store(insn.segment, cpu.effectiveAddress(insn), 8, load(cpu.state + insn.at1));
    }

    /// MOVHPS, MOVHPD and MOVLHPS: the source's low 8 bytes to the high ones.
    private static void loadHigh(Cpu cpu, Insn insn) {
        Availability.checkSse(cpu);
        HostMemory.storeLong(cpu.state + insn.at0 + 8, load(VectorOperands.sourceScalar(cpu, insn)));
    }

    private static void storeHigh(Cpu cpu, Insn insn) {
        Availability.checkSse(cpu);
        cpu.store(insn.segment, cpu.effectiveAddress(insn), 8, load(cpu.state + insn.at1 + 8));
    }

    private static void movhlps(Cpu cpu, Insn insn) {
        Availability.checkSse(cpu);
        HostMemory.storeLong(cpu.state + insn.at0, load(cpu.state + insn.at1 + 8));
    }
}
