// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.ABSENT;
import static org.javisor.isa.Instruction.MEM;

import java.util.BitSet;
import java.util.List;
import org.javisor.isa.Instruction;
import org.javisor.isa.OpcodeRow;
import org.javisor.isa.OpcodeRow.Attribute;

/// Pieces that lead back to a first one.
///
/// @param head    the first
/// @param pieces  all of them
/// @param written the guest registers that they may change, as bits
/// @param steady  whether nothing else leads into it, and no instruction of it may change how addresses are translated
/// @param code    all instructions
record Loop(int head, BitSet pieces, int written, boolean steady, List<Instruction> code) {
    /// Displacements, without `high`.
    record Span(long low, long high) { }

    /// Whether it leaves a register alone.
    boolean keeps(int reg) {
        return reg >= 0 && reg < 16 && (written & 1 << reg) == 0;
    }

    /// What the instructions access at displacements from a register that the loop keeps: all of it, or what they read
    /// alone. What is written may be written seldom, or never, because it cannot be.
    Span span(int base, int segment, boolean write) {
        long low = Long.MAX_VALUE, high = Long.MIN_VALUE;
        for (Instruction insn : code) {
            int operand = operand(insn);
            boolean counts = operand >= 0 && insn.base == base && insn.index == ABSENT && segment(insn) == segment
                    && MemoryAccess.supports(insn) && (write || !writes(insn, operand));
            if (counts) {
                low = Math.min(low, insn.displacement);
                high = Math.max(high, insn.displacement + insn.bytes(operand));
            }
        }
        return new Span(low, high);
    }

    private static int operand(Instruction insn) {
        return insn.kind0 == MEM ? 0 : insn.kind1 == MEM ? 1 : insn.kind2 == MEM ? 2 : -1;
    }

    static int segment(Instruction insn) {
        return MemoryAccess.isBased(insn) ? insn.segment : 0;
    }

    /// Whether an instruction may write its memory operand.
    static boolean writes(Instruction insn, int operand) {
        boolean x87 = insn.row.map() == OpcodeRow.X87;
        return operand == 0 && (x87 ? insn.row.has(Attribute.WRITES_ONLY) : !insn.row.has(Attribute.READS_ONLY));
    }
}
