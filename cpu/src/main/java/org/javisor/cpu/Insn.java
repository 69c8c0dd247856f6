// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.isa.Instruction;

/// A decoded instruction with what the interpreter precomputes about it.
final class Insn extends Instruction implements Cloneable {
    /// What executes it.
    Handler handler;
    /// What the run loop calls: [#handler] behind a class of its own, or that and the handler of [#second].
    Dispatch dispatch;
    /// The instruction that [#dispatch] executes behind this one, or null.
    Insn second;
    /// How many instructions of its block there are up to here, with [#second].
    int ordinal;
    /// Offset in the block's linear range of the byte behind this instruction.
    int end;
    /// Offsets in the processor's off-heap block ([CpuLayout]) of the registers of operands 0, 1 and 2, where these are
    /// general, MMX or XMM registers. (x87 operands move with TOP and have none.)
    int at0, at1, at2;
    /// Offsets of base and index register; [CpuLayout#ZERO] and [CpuLayout#RIP] stand in where there is none.
    int baseAt, indexAt;
    /// Mask that cuts an effective address to the address size.
    long addressMask;

    /// This instruction with `next` behind it, executed together by `pair`.
    Insn fusedWith(Insn next, Dispatch pair) {
        try {
            Insn fused = (Insn) clone();
            fused.dispatch = pair;
            fused.second = next;
            fused.ordinal = next.ordinal;
            return fused;
        } catch (CloneNotSupportedException e) {
            throw new AssertionError(e);
        }
    }
}
