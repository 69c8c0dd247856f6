// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.MEM;
import static org.javisor.translator.Assembler.R14;

import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;

/// CMP, TEST, ADD and SUB that only read their memory operand, where the flags will be needed when the host's are
/// destroyed: the operand is kept, for a store is less than to save flags ([FlagRecipe]).
final class MemoryComparison {
    private final Emission emission;
    private final Assembler asm;
    private final MemoryAccess memory;

    MemoryComparison(Emission emission, MemoryAccess memory) {
        this.emission = emission;
        this.asm = emission.asm;
        this.memory = memory;
    }

    /// Of instructions that [PlainInstructions] supports.
    boolean supports(Instruction insn) {
        return emission.flags.mustLast() && switch (insn.mnemonic()) {
            case CMP, TEST -> insn.kind0 == MEM && FlagRecipe.right(insn) != null || isSource(insn);
            // The upper half of a register in memory would stay.
            case ADD, SUB -> isSource(insn) && State.inRegister(insn.reg0);
            default -> false;
        };
    }

    private static boolean isSource(Instruction insn) {
        return insn.kind0 == GPR && insn.kind1 == MEM;
    }

    void emit(Instruction insn, int index) {
        int bytes = insn.bytes0;
        asm.loadZeroExtended(R14, memory.access(insn, index, bytes, false, false), bytes);
        FlagRecipe.keepHost(asm, R14);
        if (isSource(insn)) {
            operate(insn, insn.reg0, bytes);
        } else if (insn.kind1 == IMM) {
            operate(insn, bytes);
        } else {
            withRegister(insn, insn.reg1, bytes);
        }
        emission.flags.set(FlagRecipe.ofKept(insn));
    }

    /// The opcode of `operation reg/memory, reg`.
    private static int opcode(Instruction insn, int bytes) {
        int opcode = switch (insn.mnemonic()) {
            case CMP -> Assembler.CMP;
            case TEST -> Assembler.TEST;
            case ADD -> Assembler.ADD;
            default -> Assembler.SUB;
        };
        return bytes == 1 ? opcode - 1 : opcode;
    }

    /// A register with the value.
    private void operate(Instruction insn, int reg, int bytes) {
        if (State.inRegister(reg)) {
            asm.op(opcode(insn, bytes), bytes, bytes == 1 ? Assembler.NARROW_RM : 0, R14, State.host(reg));
        } else {
            asm.op(opcode(insn, bytes), bytes, R14, State.general(reg));
        }
    }

    /// The value with an immediate.
    private void operate(Instruction insn, int bytes) {
        int value = (int) insn.immediate;
        boolean test = insn.mnemonic() == Mnemonic.TEST;
        boolean small = !test && bytes != 1 && (byte) value == value;
        int opcode = test ? bytes == 1 ? 0xf6 : 0xf7 : bytes == 1 ? 0x80 : small ? 0x83 : 0x81;
        asm.op(opcode, bytes, test ? 0 : Assembler.CMP_IMM, R14);
        asm.immediate(value, small ? 1 : Math.min(bytes, 4));
    }

    /// The value with a register.
    private void withRegister(Instruction insn, int reg, int bytes) {
        int narrow = bytes == 1 ? Assembler.NARROW_REG : 0;
        if (State.inRegister(reg)) {
            asm.op(opcode(insn, bytes), bytes, narrow, State.host(reg), R14);
        } else {
            boolean test = insn.mnemonic() == Mnemonic.TEST;
            asm.op(opcode(insn, bytes) | (test ? 0 : 2), bytes, R14, State.general(reg));
        }
    }
}
