// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.ABSENT;
import static org.javisor.isa.Instruction.GS;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.MEM;
import static org.javisor.isa.Instruction.RIP;

import org.javisor.isa.Mnemonic;

/// Which constants of 64-bit code look like addresses in a Linux kernel: it puts itself at another place at each start,
/// a multiple of 2 MiB away, and adjusts them. A guess: what uses it finds out whether they have all changed by the
/// same.
///
/// Data of the processor, at fixed distances from the base of GS, is addressed relative to RIP, so that these
/// distances change the other way.
final class KernelConstants {
    /// The kernel's image is between these; CPUID's leaves and most masks are not.
    private static final long FIRST = 0xffff_ffff_8100_0000L, LAST = 0xffff_ffff_bfff_ffffL;
    /// What is to be added to addresses in there to reach a small distance from the base of GS.
    private static final long FIRST_BACKWARDS = -LAST, LAST_BACKWARDS = 0x7fff_0000L;
    /// Sizes of immediate operands behind a displacement.
    private static final int[] IMMEDIATES = {1, 4, 2};

    private KernelConstants() { }

    private static boolean isAddress(long value) {
        return value >= FIRST && value <= LAST;
    }

    static boolean hasImmediate(Insn insn) {
        return insn.codeBits == 64 && isAddress(insn.immediate) && insn.immediate2 == 0
                && (insn.kind0 == IMM || insn.kind1 == IMM || insn.kind2 == IMM) && insn.kind3 != IMM;
    }

    /// Where the lower four bytes of the immediate operand are.
    ///
    /// @param end of the instruction
    static int immediateAt(Insn insn, int end) {
        boolean whole = insn.mnemonic() == Mnemonic.MOV && insn.operandBytes == 8 && insn.modrm < 0;
        return end - (whole ? 8 : 4);
    }

    static boolean hasDisplacement(Insn insn) {
        return insn.codeBits == 64 && hasMemory(insn)
                && (movesBackwards(insn) || insn.base != RIP && isAddress(insn.displacement) && insn.modrm >= 0);
    }

    private static boolean hasMemory(Insn insn) {
        return insn.kind0 == MEM || insn.kind1 == MEM || insn.kind2 == MEM || insn.kind3 == MEM;
    }

    static boolean movesBackwards(Insn insn) {
        return insn.segment == GS && insn.base == RIP && insn.index == ABSENT
                && insn.displacement >= FIRST_BACKWARDS && insn.displacement <= LAST_BACKWARDS;
    }

    /// Where the displacement is, or -1 if that is not certain.
    ///
    /// @param code that contains the instruction
    /// @param end  of the instruction
    static int displacementAt(Insn insn, byte[] code, int end) {
        boolean immediate = insn.kind0 == IMM || insn.kind1 == IMM || insn.kind2 == IMM || insn.kind3 == IMM;
        if (!immediate) {
            return holds(code, end - 4, insn) ? end - 4 : -1;
        }
        int found = -1;
        for (int size : IMMEDIATES) {
            int at = end - size - 4;
            if (at > end - insn.length && holds(code, at, insn)) {
                if (found >= 0) {
                    return -1;
                }
                found = at;
            }
        }
        return found;
    }

    private static boolean holds(byte[] code, int at, Insn insn) {
        return CodeImage.get4(code, at) == (int) insn.displacement;
    }

    /// As another run would have decoded it, had the kernel been so much further up.
    static Insn moved(Insn insn, byte[] code, int end, int distance) {
        boolean displacement = hasDisplacement(insn) && displacementAt(insn, code, end) >= 0;
        boolean immediate = hasImmediate(insn);
        if (!displacement && !immediate) {
            return insn;
        }
        Insn copy = insn.copy();
        if (displacement) {
            copy.displacement += movesBackwards(insn) ? -distance : distance;
        }
        if (immediate) {
            copy.immediate += distance;
        }
        return copy;
    }
}
