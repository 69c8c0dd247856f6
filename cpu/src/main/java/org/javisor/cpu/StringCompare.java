// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.isa.Mnemonic;

/// PCMPESTRI, PCMPESTRM, PCMPISTRI and PCMPISTRM. The immediate says what the strings are made of (bits 0 and
/// 1), how they are compared (2 to 5), and what becomes of the result (6).
///
/// @sdm vol. 2B §4.1 "Imm8 Control Byte Operation for PCMPESTRI / PCMPESTRM / PCMPISTRI / PCMPISTRM"
final class StringCompare {
    private StringCompare() { }

    static void bind(Bindings.Binder b) {
        b.bind(Mnemonic.PCMPESTRI, (cpu, insn) -> index(cpu, insn, explicitMatch(cpu, insn)))
                .bind(Mnemonic.PCMPESTRM, (cpu, insn) -> mask(cpu, insn, explicitMatch(cpu, insn)))
                .bind(Mnemonic.PCMPISTRI, (cpu, insn) -> index(cpu, insn, implicitMatch(cpu, insn)))
                .bind(Mnemonic.PCMPISTRM, (cpu, insn) -> mask(cpu, insn, implicitMatch(cpu, insn)));
    }

    /// Lengths in EAX and EDX, or RAX and RDX.
    private static int explicitMatch(Cpu cpu, Insn insn) {
        Availability.checkVector(cpu, insn);
        int most = StringMatch.count((int) insn.immediate);
        return match(cpu, insn, VectorOperands.sourceCopied(cpu, insn),
                length(cpu, insn, CpuLayout.RAX, most),
                length(cpu, insn, CpuLayout.RDX, most));
    }

    private static int length(Cpu cpu, Insn insn, int reg, int most) {
        long length = insn.operandBytes == 8 ? cpu.reg64(reg) : cpu.reg32(reg);
        return length > most || length < -most ? most : (int) Math.abs(length);
    }

    /// Strings end at a zero.
    private static int implicitMatch(Cpu cpu, Insn insn) {
        Availability.checkVector(cpu, insn);
        int control = (int) insn.immediate;
        long b = VectorOperands.sourceCopied(cpu, insn);
        long a = VectorOperands.target(cpu, insn);
        return match(cpu, insn, b, StringMatch.length(a, control), StringMatch.length(b, control));
    }

    /// Sets the flags, too.
    private static int match(Cpu cpu, Insn insn, long b, int lengthA, int lengthB) {
        int control = (int) insn.immediate;
        int matches = StringMatch.match(VectorOperands.target(cpu, insn), lengthA, b, lengthB, control);
        int count = StringMatch.count(control);
        cpu.arithmeticFlags((matches != 0 ? Flags.CF : 0) | (lengthB < count ? Flags.ZF : 0)
                | (lengthA < count ? Flags.SF : 0) | ((matches & 1) != 0 ? Flags.OF : 0));
        return matches;
    }

    /// The lowest or highest match to ECX, or the number of elements if there is none.
    private static void index(Cpu cpu, Insn insn, int matches) {
        int control = (int) insn.immediate;
        int index = StringMatch.count(control);
        if (matches != 0) {
            boolean highest = (control & 0x40) != 0;
            index = highest ? 31 - Integer.numberOfLeadingZeros(matches)
                    : Integer.numberOfTrailingZeros(matches);
        }
        cpu.reg32(CpuLayout.RCX, index);
    }

    /// The matches to XMM0, as bits or as all-ones elements.
    private static void mask(Cpu cpu, Insn insn, int matches) {
        int control = (int) insn.immediate;
        long to = cpu.state + CpuLayout.XMM;
        if ((control & 0x40) == 0) {
            VectorOperands.storeXmm(insn, to, matches, 0);
        } else if (StringMatch.hasWords(control)) {
            VectorOperands.storeXmm(insn, to, spread(matches, 16), spread(matches >> 4, 16));
        } else {
            VectorOperands.storeXmm(insn, to, spread(matches, 8), spread(matches >> 8, 8));
        }
    }

    /// Each of the low bits to an element of `bits` bits in 8 bytes.
    private static long spread(int matches, int bits) {
        long elements = 0;
        for (int i = 0; i < 64 / bits; i++) {
            if ((matches >> i & 1) != 0) {
                elements |= (1L << bits) - 1 << i * bits;
            }
        }
        return elements;
    }
}
