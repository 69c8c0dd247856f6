// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.MEM;
import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;
import static org.javisor.translator.Assembler.RAX;
import static org.javisor.translator.Assembler.RDX;

import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;

/// DIV and IDIV of 32 and 64 bits, where it is plain that the quotient fits: others are left to the interpreter,
/// because an exception of the host's processor would be a signal. All flags are undefined after them; we keep them.
final class Division {
    private static final int DIV_EXTENSION = 6, IDIV_EXTENSION = 7;

    private final Emission emission;
    private final Assembler asm;
    private final MemoryAccess memory;

    Division(Emission emission, MemoryAccess memory) {
        this.emission = emission;
        this.asm = emission.asm;
        this.memory = memory;
    }

    static boolean supports(Instruction insn) {
        return (insn.mnemonic() == Mnemonic.DIV || insn.mnemonic() == Mnemonic.IDIV) && insn.bytes0 >= 4
                && (insn.kind0 == GPR || insn.kind0 == MEM && MemoryAccess.supports(insn));
    }

    void emit(Instruction insn, int index) {
        int size = insn.bytes0;
        // Uses the register that the divisor may be in.
        emission.flags.spill();
        int divisor = divisor(insn, index);
        if (insn.mnemonic() == Mnemonic.DIV) {
            // The quotient fits if the upper half of the dividend is less than the divisor, which is not 0 then.
            asm.op(Assembler.CMP, size, divisor, RDX);
            emission.interpretIf(Assembler.ABOVE_OR_EQUAL, index);
            asm.op(0xf7, size, DIV_EXTENSION, divisor);
        } else {
            signedGuard(size, divisor, index);
            asm.op(0xf7, size, IDIV_EXTENSION, divisor);
        }
    }

    /// The quotient fits if the dividend is a sign-extended word, and the divisor neither 0 nor -1.
    private void signedGuard(int size, int divisor, int index) {
        asm.op(Assembler.LEA, size, R14, Address.of(divisor, 1));
        asm.immediateOp(Assembler.CMP_IMM, size, R14, 1);
        emission.interpretIf(Assembler.BELOW_OR_EQUAL, index);
        asm.op(Assembler.LOAD, size, R14, RAX);
        asm.shift(Assembler.SAR_IMM, size, R14, 8 * size - 1);
        asm.op(Assembler.CMP, size, RDX, R14);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
    }

    /// The host register that has the divisor.
    private int divisor(Instruction insn, int index) {
        if (insn.kind0 == GPR && State.inRegister(insn.reg0)) {
            return State.host(insn.reg0);
        }
        Address from = insn.kind0 == GPR ? State.general(insn.reg0)
                : memory.access(insn, index, insn.bytes0, false, false);
        memory.clobbered();
        asm.op(Assembler.LOAD, insn.bytes0, R15, from);
        return R15;
    }
}
