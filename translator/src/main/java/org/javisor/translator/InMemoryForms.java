// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.IMM;

import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;

/// Shorter forms of instructions that compilers write often and that have R12 to R15, which are in memory, as operands.
final class InMemoryForms {
    private static final int STORE_IMMEDIATE = 0xc7;

    private InMemoryForms() { }

    /// Emits the whole instruction if there is such a form.
    static boolean emit(Instruction insn, Assembler asm) {
        if (insn.kind0 != GPR || State.inRegister(insn.reg0) || insn.bytes0 < 4) {
            return false;
        }
        if (insn.mnemonic() == Mnemonic.TEST && isSame(insn)) {
            // Comparing with 0 gives the same flags but AF, which TEST leaves undefined.
            asm.immediateOp(Assembler.CMP_IMM, insn.bytes0, State.general(insn.reg0), 0);
            return true;
        }
        if (insn.mnemonic() == Mnemonic.MOV && insn.kind1 == IMM && stored(insn) == (int) stored(insn)) {
            asm.op(STORE_IMMEDIATE, 8, 0, State.general(insn.reg0));
            asm.immediate(stored(insn), 4);
            return true;
        }
        return false;
    }

    /// What is in all 64 bits of a register after MOV has written it.
    private static long stored(Instruction insn) {
        return insn.bytes0 == 4 ? insn.immediate & 0xffff_ffffL : insn.immediate;
    }

    /// Whether the instruction makes a register 0 whatever was in it.
    static boolean clears(Instruction insn) {
        return (insn.mnemonic() == Mnemonic.XOR || insn.mnemonic() == Mnemonic.SUB) && isSame(insn)
                && insn.bytes0 >= 4;
    }

    private static boolean isSame(Instruction insn) {
        return insn.kind0 == GPR && insn.kind1 == GPR && insn.reg0 == insn.reg1;
    }
}
