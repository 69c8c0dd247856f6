// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorForms.pairs;
import static org.javisor.cpu.VectorForms.unpackHigh;
import static org.javisor.cpu.VectorForms.unpackLow;
import static org.javisor.cpu.VectorForms.vector;
import static org.javisor.cpu.VectorForms.widening;
import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.isa.Instruction.MMX;

import org.javisor.host.HostMemory;
import org.javisor.isa.Mnemonic;

/// MMX and SSE instructions that rearrange lanes: pack, unpack, shuffle, align, blend, widen, duplicate.
final class SimdShuffle {
    private SimdShuffle() { }

    static void bind(Bindings.Binder b) {
        bindPack(b);
        bindUnpack(b);
        bindShuffle(b);
        bindBlend(b);
        bindSignExtension(b);
        bindZeroExtension(b);
    }

    private static void bindPack(Bindings.Binder b) {
        b.bind(Mnemonic.PACKSSWB, (cpu, insn) -> pairs(cpu, insn, LaneMultiply::packSignedWords))
                .bind(Mnemonic.PACKUSWB, (cpu, insn) -> pairs(cpu, insn, LaneMultiply::packUnsignedWords))
                .bind(Mnemonic.PACKSSDW, (cpu, insn) -> pairs(cpu, insn, LaneMultiply::packSignedDwords))
                .bind(Mnemonic.PACKUSDW, (cpu, insn) -> pairs(cpu, insn, LaneMultiply::packUnsignedDwords));
    }

    private static void bindUnpack(Bindings.Binder b) {
        Handler lowDwords =
                (cpu, insn) -> unpackLow(cpu, insn, LaneShuffle::unpackLowDwords,
                                LaneShuffle::unpackHighDwords);
        Handler highDwords =
                (cpu, insn) -> unpackHigh(cpu, insn, LaneShuffle::unpackLowDwords,
                                LaneShuffle::unpackHighDwords);
        Handler lowQwords = (cpu, insn) -> unpackLow(cpu, insn, LaneShuffle::first, LaneShuffle::second);
        Handler highQwords = (cpu, insn) -> unpackHigh(cpu, insn, LaneShuffle::first, LaneShuffle::second);
        b.bind(Mnemonic.PUNPCKLBW,
                        (cpu, insn) -> unpackLow(cpu, insn, LaneShuffle::unpackLowBytes,
                                LaneShuffle::unpackHighBytes))
                .bind(Mnemonic.PUNPCKHBW,
                        (cpu, insn) -> unpackHigh(cpu, insn, LaneShuffle::unpackLowBytes,
                                LaneShuffle::unpackHighBytes))
                .bind(Mnemonic.PUNPCKLWD,
                        (cpu, insn) -> unpackLow(cpu, insn, LaneShuffle::unpackLowWords,
                                LaneShuffle::unpackHighWords))
                .bind(Mnemonic.PUNPCKHWD,
                        (cpu, insn) -> unpackHigh(cpu, insn, LaneShuffle::unpackLowWords,
                                LaneShuffle::unpackHighWords))
                .bind(Mnemonic.PUNPCKLDQ, lowDwords).bind(Mnemonic.UNPCKLPS, lowDwords)
                .bind(Mnemonic.PUNPCKHDQ, highDwords).bind(Mnemonic.UNPCKHPS, highDwords)
                .bind(Mnemonic.PUNPCKLQDQ, lowQwords).bind(Mnemonic.UNPCKLPD, lowQwords)
                .bind(Mnemonic.PUNPCKHQDQ, highQwords).bind(Mnemonic.UNPCKHPD, highQwords);
    }

    private static void bindShuffle(Bindings.Binder b) {
        b.bind(Mnemonic.PSHUFB, SimdShuffle::pshufb)
                .bind(Mnemonic.PSHUFW, SimdShuffle::pshufw)
                .bind(Mnemonic.PALIGNR, SimdShuffle::palignr)
                .bind(Mnemonic.PSHUFD, (cpu, insn) -> vector(cpu, insn, VectorShuffle::dwords))
                .bind(Mnemonic.PSHUFLW, (cpu, insn) -> vector(cpu, insn, VectorShuffle::lowWords))
                .bind(Mnemonic.PSHUFHW, (cpu, insn) -> vector(cpu, insn, VectorShuffle::highWords))
                .bind(Mnemonic.SHUFPS, (cpu, insn) -> vector(cpu, insn, VectorShuffle::shufflePs))
                .bind(Mnemonic.SHUFPD, (cpu, insn) -> vector(cpu, insn, VectorShuffle::shufflePd, 2))
                .bind(Mnemonic.MOVSLDUP, (cpu, insn) -> vector(cpu, insn, VectorShuffle::duplicateEven))
                .bind(Mnemonic.MOVSHDUP, (cpu, insn) -> vector(cpu, insn, VectorShuffle::duplicateOdd))
                .bind(Mnemonic.MOVDDUP, (cpu, insn) -> widening(cpu, insn, VectorShuffle::duplicateLow))
                .bind(Mnemonic.INSERTPS, SimdShuffle::insertps);
    }

    private static void bindBlend(Bindings.Binder b) {
        b.bind(Mnemonic.PBLENDW, (cpu, insn) -> vector(cpu, insn, VectorShuffle::blendWords))
                .bind(Mnemonic.BLENDPS, (cpu, insn) -> vector(cpu, insn, VectorShuffle::blendPs, 4))
                .bind(Mnemonic.BLENDPD, (cpu, insn) -> vector(cpu, insn, VectorShuffle::blendPd, 2))
                .bind(Mnemonic.PBLENDVB, (cpu, insn) -> blendVariable(cpu, insn, LaneArithmetic::fillBytes))
                .bind(Mnemonic.BLENDVPS, (cpu, insn) -> blendVariable(cpu, insn, LaneArithmetic::fillDwords))
                .bind(Mnemonic.BLENDVPD, (cpu, insn) -> blendVariable(cpu, insn, x -> x >> 63));
    }

    private static void bindSignExtension(Bindings.Binder b) {
        b.bind(Mnemonic.PMOVSXBW, (cpu, insn) -> widening(cpu, insn, VectorExtend::signedBytesToWords))
                .bind(Mnemonic.PMOVSXBD,
                        (cpu, insn) -> widening(cpu, insn, VectorExtend::signedBytesToDwords))
                .bind(Mnemonic.PMOVSXBQ,
                        (cpu, insn) -> widening(cpu, insn, VectorExtend::signedBytesToQwords))
                .bind(Mnemonic.PMOVSXWD,
                        (cpu, insn) -> widening(cpu, insn, VectorExtend::signedWordsToDwords))
                .bind(Mnemonic.PMOVSXWQ,
                        (cpu, insn) -> widening(cpu, insn, VectorExtend::signedWordsToQwords))
                .bind(Mnemonic.PMOVSXDQ,
                        (cpu, insn) -> widening(cpu, insn, VectorExtend::signedDwordsToQwords));
    }

    private static void bindZeroExtension(Bindings.Binder b) {
        b.bind(Mnemonic.PMOVZXBW, (cpu, insn) -> widening(cpu, insn, VectorExtend::unsignedBytesToWords))
                .bind(Mnemonic.PMOVZXBD,
                        (cpu, insn) -> widening(cpu, insn, VectorExtend::unsignedBytesToDwords))
                .bind(Mnemonic.PMOVZXBQ,
                        (cpu, insn) -> widening(cpu, insn, VectorExtend::unsignedBytesToQwords))
                .bind(Mnemonic.PMOVZXWD,
                        (cpu, insn) -> widening(cpu, insn, VectorExtend::unsignedWordsToDwords))
                .bind(Mnemonic.PMOVZXWQ,
                        (cpu, insn) -> widening(cpu, insn, VectorExtend::unsignedWordsToQwords))
                .bind(Mnemonic.PMOVZXDQ,
                        (cpu, insn) -> widening(cpu, insn, VectorExtend::unsignedDwordsToQwords));
    }

    private static void pshufb(Cpu cpu, Insn insn) {
        if (insn.kind0 == MMX) {
            VectorForms.lanes(cpu, insn, LaneShuffle::shuffleBytes);
        } else {
            vector(cpu, insn, VectorShuffle::bytes);
        }
    }

    private static void pshufw(Cpu cpu, Insn insn) {
        Availability.checkMmx(cpu);
        long b = Mmx.source(cpu, insn);
        Mmx.write(cpu, insn.at0, LaneShuffle.shuffleWords(b, (int) insn.immediate));
    }

    private static void palignr(Cpu cpu, Insn insn) {
        if (insn.kind0 != MMX) {
            vector(cpu, insn, VectorShuffle::alignRight);
            return;
        }
        Availability.checkMmx(cpu);
        long b = Mmx.source(cpu, insn);
        long a = load(cpu.state + insn.at0);
        Mmx.write(cpu, insn.at0, VectorShuffle.alignRightMmx(a, b, (int) insn.immediate & 0xff));
    }

    /// INSERTPS: from memory, the doubleword itself; from a register, the one that immediate bits 7 and 6
    /// name.
    private static void insertps(Cpu cpu, Insn insn) {
        Availability.checkVector(cpu, insn);
        int immediate = (int) insn.immediate;
        int source = insn.sourceInMemory
                ? (int) cpu.load(insn.segment, cpu.effectiveAddress(insn), 4)
                : HostMemory.loadInt(cpu.state + insn.atSource + (immediate >> 6 & 3) * 4);
        VectorOperands.mergeFirst(cpu, insn);
        long to = VectorOperands.target(cpu, insn);
        VectorShuffle.insertPs(to, to, source, immediate);
    }

    /// Turns the lanes' top bits, in 8 bytes of the mask (XMM0, or operand 3), into masks.
    @FunctionalInterface
    private interface Fill {
        long apply(long bits);
    }

    private static void blendVariable(Cpu cpu, Insn insn, Fill fill) {
        Availability.checkVector(cpu, insn);
        long b = VectorOperands.source(cpu, insn);
        long a = VectorOperands.first(cpu, insn);
        long to = VectorOperands.target(cpu, insn);
        long mask = cpu.state + (insn.vectorBytes == 0 ? CpuLayout.XMM : insn.at3);
        long low = fill.apply(load(mask));
        long high = fill.apply(load(mask + 8));
        if (insn.vectorBytes == 32) {
            // Before the destination, which may be the mask, is written.
            VectorShuffle.blend(to + 16, a + 16, b + 16, fill.apply(load(mask + 16)), fill.apply(load(mask + 24)));
            VectorShuffle.blend(to, a, b, low, high);
        } else {
            VectorShuffle.blend(to, a, b, low, high);
            VectorForms.clearUpper(insn, to);
        }
    }
}
