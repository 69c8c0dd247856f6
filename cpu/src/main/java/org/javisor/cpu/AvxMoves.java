// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorOperands.first;
import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.source;
import static org.javisor.cpu.VectorOperands.sourceScalar;
import static org.javisor.cpu.VectorOperands.store;
import static org.javisor.cpu.VectorOperands.storeXmm;
import static org.javisor.cpu.VectorOperands.target;
import static org.javisor.isa.Instruction.MEM;
import static org.javisor.isa.Instruction.XMM;

import org.javisor.host.HostMemory;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeRow.Attribute;

/// The moves of AVX between registers and memory. A register that is written is written whole: what the SSE form
/// leaves comes from another operand or is cleared.
final class AvxMoves {
    private static final Mnemonic[] WHOLE = {Mnemonic.VMOVAPS, Mnemonic.VMOVAPD, Mnemonic.VMOVUPS, Mnemonic.VMOVUPD,
        Mnemonic.VMOVDQA, Mnemonic.VMOVDQU, Mnemonic.VLDDQU, Mnemonic.VMOVNTPS, Mnemonic.VMOVNTPD, Mnemonic.VMOVNTDQ,
        Mnemonic.VMOVNTDQA};

    private AvxMoves() { }

    static void bind(Bindings.Binder b) {
        for (Mnemonic whole : WHOLE) {
            b.choose(whole, AvxMoves::chooseWhole);
        }
        b.choose(Mnemonic.VMOVSS, insn -> insn.kind0 == MEM ? AvxMoves::storeScalar
                        : insn.kind1 == MEM ? AvxMoves::loadClearing : AvxMoves::mergeDword)
                .choose(Mnemonic.VMOVSD, insn -> insn.kind0 == MEM ? AvxMoves::storeScalar
                        : insn.kind1 == MEM ? AvxMoves::loadClearing : AvxMoves::mergeQword)
                .choose(Mnemonic.VMOVQ, insn -> insn.kind0 == MEM ? AvxMoves::storeScalar : AvxMoves::loadClearing)
                .bind(Mnemonic.VMOVD, AvxMoves::vmovd)
                .bind(Mnemonic.VMOVHLPS, AvxMoves::vmovhlps)
                .bind(Mnemonic.VMOVLHPS, AvxMoves::loadHigh)
                .bind(Mnemonic.VZEROUPPER, AvxMoves::vzeroupper)
                .bind(Mnemonic.VZEROALL, AvxMoves::vzeroall);
        for (Mnemonic low : new Mnemonic[] {Mnemonic.VMOVLPS, Mnemonic.VMOVLPD}) {
            b.choose(low, insn -> insn.kind0 == MEM ? AvxMoves::storeScalar : AvxMoves::loadLow);
        }
        for (Mnemonic high : new Mnemonic[] {Mnemonic.VMOVHPS, Mnemonic.VMOVHPD}) {
            b.choose(high, insn -> insn.kind0 == MEM ? AvxMoves::storeHigh : AvxMoves::loadHigh);
        }
    }

    // ---- all 16 or 32 bytes ----

    private static Handler chooseWhole(Insn insn) {
        boolean longer = insn.vectorBytes == 32;
        if (insn.kind0 != MEM) {
            return longer ? AvxMoves::loadYmm : AvxMoves::loadXmm;
        }
        return longer ? AvxMoves::storeYmm
                : insn.row.has(Attribute.ALIGNED) ? AvxMoves::storeAligned : AvxMoves::storeUnaligned;
    }

    private static void loadXmm(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        long from = source(cpu, insn);
        long to = target(cpu, insn);
        store(to, load(from), load(from + 8));
        store(to + 16, 0, 0);
    }

    private static void loadYmm(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        long from = source(cpu, insn);
        long to = target(cpu, insn);
        store(to, load(from), load(from + 8));
        store(to + 16, load(from + 16), load(from + 24));
    }

    private static void storeAligned(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        long from = cpu.state + insn.at1;
        VectorOperands.storeAligned(cpu, insn, load(from), load(from + 8));
    }

    private static void storeUnaligned(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        long from = cpu.state + insn.at1;
        VectorOperands.storeUnaligned(cpu, insn, load(from), load(from + 8));
    }

    private static void storeYmm(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        VectorOperands.storeYmm(cpu, insn, cpu.state + insn.at1);
    }

    // ---- 4 or 8 bytes ----

    private static void loadClearing(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        storeXmm(insn, target(cpu, insn), load(sourceScalar(cpu, insn)), 0);
    }

    private static void storeScalar(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        long value = load(cpu.state + insn.at1) & Cpu.mask(insn.bytes0);
        cpu.store(insn.segment, cpu.effectiveAddress(insn), insn.bytes0, value);
    }

    private static void mergeDword(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        VectorOperands.storeSingle(cpu, insn, HostMemory.loadInt(cpu.state + insn.at2));
    }

    private static void mergeQword(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        VectorOperands.storeDouble(cpu, insn, load(cpu.state + insn.at2));
    }

    /// VMOVD, and VMOVQ with a general register or memory.
    private static void vmovd(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        if (insn.kind0 == XMM) {
            storeXmm(insn, target(cpu, insn), cpu.read(insn, 1), 0);
        } else {
            cpu.write(insn, 0, load(cpu.state + insn.at1) & Cpu.mask(insn.bytes0));
        }
    }

    // ---- halves ----

    private static void loadLow(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        long low = load(sourceScalar(cpu, insn));
        storeXmm(insn, target(cpu, insn), low, load(first(cpu, insn) + 8));
    }

    /// VMOVHPS, VMOVHPD and VMOVLHPS: the source's low 8 bytes to the high ones.
    private static void loadHigh(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        long high = load(sourceScalar(cpu, insn));
        storeXmm(insn, target(cpu, insn), load(first(cpu, insn)), high);
    }

    private static void storeHigh(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        cpu.store(insn.segment, cpu.effectiveAddress(insn), 8, load(cpu.state + insn.at1 + 8));
    }

    private static void vmovhlps(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        storeXmm(insn, target(cpu, insn), load(cpu.state + insn.at2 + 8), load(first(cpu, insn) + 8));
    }

    // ---- clearing ----

    private static long register(Cpu cpu, int n) {
        return cpu.state + CpuLayout.XMM + (long) CpuLayout.XMM_STRIDE * n;
    }

    private static int registers(Insn insn) {
        return insn.codeBits == 64 ? 16 : 8;
    }

    private static void vzeroupper(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        for (int n = 0; n < registers(insn); n++) {
            store(register(cpu, n) + 16, 0, 0);
        }
    }

    private static void vzeroall(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        for (int n = 0; n < registers(insn); n++) {
            store(register(cpu, n), 0, 0);
            store(register(cpu, n) + 16, 0, 0);
        }
    }
}
