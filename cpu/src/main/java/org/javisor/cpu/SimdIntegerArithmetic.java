// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorForms.lanes;
import static org.javisor.cpu.VectorForms.pairs;
import static org.javisor.cpu.VectorForms.vector;

import org.javisor.isa.Mnemonic;

/// MMX and SSE integer arithmetic, comparison and logic.
final class SimdIntegerArithmetic {
    private SimdIntegerArithmetic() { }

    static void bind(Bindings.Binder b) {
        bindAddition(b);
        bindSubtraction(b);
        bindMultiplication(b);
        bindMinimumMaximum(b);
        bindSigns(b);
        bindHorizontal(b);
        bindComparison(b);
        bindLogic(b);
    }

    private static void bindAddition(Bindings.Binder b) {
        b.bind(Mnemonic.PADDB, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::addBytes))
                .bind(Mnemonic.PADDW, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::addWords))
                .bind(Mnemonic.PADDD, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::addDwords))
                .bind(Mnemonic.PADDQ, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::addQwords))
                .bind(Mnemonic.PADDSB, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::addSignedBytes))
                .bind(Mnemonic.PADDSW, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::addSignedWords))
                .bind(Mnemonic.PADDUSB, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::addUnsignedBytes))
                .bind(Mnemonic.PADDUSW, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::addUnsignedWords))
                .bind(Mnemonic.PAVGB, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::averageBytes))
                .bind(Mnemonic.PAVGW, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::averageWords));
    }

    private static void bindSubtraction(Bindings.Binder b) {
        b.bind(Mnemonic.PSUBB, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::subBytes))
                .bind(Mnemonic.PSUBW, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::subWords))
                .bind(Mnemonic.PSUBD, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::subDwords))
                .bind(Mnemonic.PSUBQ, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::subQwords))
                .bind(Mnemonic.PSUBSB, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::subSignedBytes))
                .bind(Mnemonic.PSUBSW, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::subSignedWords))
                .bind(Mnemonic.PSUBUSB, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::subUnsignedBytes))
                .bind(Mnemonic.PSUBUSW, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::subUnsignedWords))
                .bind(Mnemonic.PSADBW, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::sumOfDifferences))
                .bind(Mnemonic.MPSADBW,
                        (cpu, insn) -> vector(cpu, insn, VectorSums::multipleSumsOfDifferences, 3));
    }

    private static void bindMultiplication(Bindings.Binder b) {
        b.bind(Mnemonic.PMULLW, (cpu, insn) -> lanes(cpu, insn, LaneMultiply::mulLowWords))
                .bind(Mnemonic.PMULLD, (cpu, insn) -> lanes(cpu, insn, LaneMultiply::mulLowDwords))
                .bind(Mnemonic.PMULHW, (cpu, insn) -> lanes(cpu, insn, LaneMultiply::mulHighWords))
                .bind(Mnemonic.PMULHUW, (cpu, insn) -> lanes(cpu, insn, LaneMultiply::mulHighUnsignedWords))
                .bind(Mnemonic.PMULHRSW, (cpu, insn) -> lanes(cpu, insn, LaneMultiply::mulRoundedWords))
                .bind(Mnemonic.PMULUDQ, (cpu, insn) -> lanes(cpu, insn, LaneMultiply::mulUnsignedDwords))
                .bind(Mnemonic.PMULDQ, (cpu, insn) -> lanes(cpu, insn, LaneMultiply::mulSignedDwords))
                .bind(Mnemonic.PMADDWD, (cpu, insn) -> lanes(cpu, insn, LaneMultiply::mulAddWords))
                .bind(Mnemonic.PMADDUBSW, (cpu, insn) -> lanes(cpu, insn, LaneMultiply::mulAddBytes));
    }

    private static void bindMinimumMaximum(Bindings.Binder b) {
        b.bind(Mnemonic.PMINUB, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::minUnsignedBytes))
                .bind(Mnemonic.PMINUW, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::minUnsignedWords))
                .bind(Mnemonic.PMINUD, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::minUnsignedDwords))
                .bind(Mnemonic.PMINSB, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::minSignedBytes))
                .bind(Mnemonic.PMINSW, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::minSignedWords))
                .bind(Mnemonic.PMINSD, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::minSignedDwords))
                .bind(Mnemonic.PMAXUB, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::maxUnsignedBytes))
                .bind(Mnemonic.PMAXUW, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::maxUnsignedWords))
                .bind(Mnemonic.PMAXUD, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::maxUnsignedDwords))
                .bind(Mnemonic.PMAXSB, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::maxSignedBytes))
                .bind(Mnemonic.PMAXSW, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::maxSignedWords))
                .bind(Mnemonic.PMAXSD, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::maxSignedDwords))
                .bind(Mnemonic.PHMINPOSUW, (cpu, insn) -> vector(cpu, insn, VectorSums::minimumWord));
    }

    private static void bindSigns(Bindings.Binder b) {
        b.bind(Mnemonic.PABSB, (cpu, insn) -> lanes(cpu, insn, (_, x) -> LaneArithmetic.absoluteBytes(x)))
                .bind(Mnemonic.PABSW,
                        (cpu, insn) -> lanes(cpu, insn, (_, x) -> LaneArithmetic.absoluteWords(x)))
                .bind(Mnemonic.PABSD,
                        (cpu, insn) -> lanes(cpu, insn, (_, x) -> LaneArithmetic.absoluteDwords(x)))
                .bind(Mnemonic.PSIGNB, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::signBytes))
                .bind(Mnemonic.PSIGNW, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::signWords))
                .bind(Mnemonic.PSIGND, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::signDwords));
    }

    private static void bindHorizontal(Bindings.Binder b) {
        b.bind(Mnemonic.PHADDW, (cpu, insn) -> pairs(cpu, insn, LaneMultiply::addPairsWords))
                .bind(Mnemonic.PHADDD, (cpu, insn) -> pairs(cpu, insn, LaneMultiply::addPairsDwords))
                .bind(Mnemonic.PHADDSW, (cpu, insn) -> pairs(cpu, insn, LaneMultiply::addPairsSaturated))
                .bind(Mnemonic.PHSUBW, (cpu, insn) -> pairs(cpu, insn, LaneMultiply::subPairsWords))
                .bind(Mnemonic.PHSUBD, (cpu, insn) -> pairs(cpu, insn, LaneMultiply::subPairsDwords))
                .bind(Mnemonic.PHSUBSW, (cpu, insn) -> pairs(cpu, insn, LaneMultiply::subPairsSaturated));
    }

    private static void bindComparison(Bindings.Binder b) {
        b.bind(Mnemonic.PCMPEQB, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::equalBytes))
                .bind(Mnemonic.PCMPEQW, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::equalWords))
                .bind(Mnemonic.PCMPEQD, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::equalDwords))
                .bind(Mnemonic.PCMPEQQ, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::equalQwords))
                .bind(Mnemonic.PCMPGTB, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::greaterBytes))
                .bind(Mnemonic.PCMPGTW, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::greaterWords))
                .bind(Mnemonic.PCMPGTD, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::greaterDwords))
                .bind(Mnemonic.PCMPGTQ, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::greaterQwords))
                .bind(Mnemonic.PTEST, SimdIntegerArithmetic::ptest);
    }

    private static void bindLogic(Bindings.Binder b) {
        for (Mnemonic and : new Mnemonic[] {Mnemonic.PAND, Mnemonic.ANDPS, Mnemonic.ANDPD}) {
            b.bind(and, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::and));
        }
        for (Mnemonic andNot : new Mnemonic[] {Mnemonic.PANDN, Mnemonic.ANDNPS, Mnemonic.ANDNPD}) {
            b.bind(andNot, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::andNot));
        }
        for (Mnemonic or : new Mnemonic[] {Mnemonic.POR, Mnemonic.ORPS, Mnemonic.ORPD}) {
            b.bind(or, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::or));
        }
        for (Mnemonic xor : new Mnemonic[] {Mnemonic.PXOR, Mnemonic.XORPS, Mnemonic.XORPD}) {
            b.bind(xor, (cpu, insn) -> lanes(cpu, insn, LaneArithmetic::xor));
        }
    }

    /// PTEST: ZF if no bit of the source is set in the target, CF if none is clear.
    private static void ptest(Cpu cpu, Insn insn) {
        Availability.checkVector(cpu, insn);
        long b = VectorOperands.source(cpu, insn);
        long a = VectorOperands.target(cpu, insn);
        long common = 0;
        long missing = 0;
        int bytes = insn.vectorBytes == 32 ? 32 : 16;
        for (int n = 0; n < bytes; n += 8) {
            long x = VectorOperands.load(b + n);
            long y = VectorOperands.load(a + n);
            common |= x & y;
            missing |= x & ~y;
        }
        cpu.arithmeticFlags((common == 0 ? Flags.ZF : 0) | (missing == 0 ? Flags.CF : 0));
    }
}
