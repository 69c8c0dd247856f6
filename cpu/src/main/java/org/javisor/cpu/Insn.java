// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.List;
import org.javisor.isa.Instruction;

/// A decoded instruction with what the interpreter precomputes about it.
final class Insn extends Instruction implements Cloneable {
    /// What executes it.
    Handler handler;
    /// What the run loop calls: [#handler] behind a class of its own, or that and the handlers of those that follow.
    Dispatch dispatch;
    /// The instruction that is executed together with this one, behind it, or null.
    Insn next;
    /// How many instructions of its block there are up to here, with those that are executed together with it.
    short ordinal;
    /// Offset in the block's linear range of the byte behind this instruction.
    short end;
    /// Offsets in the processor's off-heap block ([CpuLayout]) of the registers of operands 0, 1 and 2, where these are
    /// general, MMX or XMM registers. (x87 operands move with TOP and have none.)
    short at0, at1, at2, at3;
    /// Of a vector instruction, the offset of its first source's register: that of operand 0, or with a VEX prefix and
    /// three operands that of operand 1.
    short atFirst;
    /// The last source that is no immediate: its register, or whether it is memory, and its size.
    short atSource;
    boolean sourceInMemory;
    byte sourceBytes;
    /// Offsets of base and index register; [CpuLayout#ZERO] and [CpuLayout#RIP] stand in where there is none.
    short baseAt, indexAt;
    /// Mask that cuts an effective address to the address size.
    long addressMask;

    /// A copy of the first of `run`, with copies of the others behind it, executed together by `dispatch`.
    static Insn fused(List<Insn> run, Dispatch dispatch) {
        Insn next = null;
        for (Insn insn : run.reversed()) {
            next = insn.before(next);
        }
        next.dispatch = dispatch;
        next.ordinal = run.getLast().ordinal;
        return next;
    }

    private Insn before(Insn other) {
        Insn copy = copy();
        copy.next = other;
        return copy;
    }

    Insn copy() {
        try {
            return (Insn) clone();
        } catch (CloneNotSupportedException e) {
            throw new AssertionError(e);
        }
    }
}
