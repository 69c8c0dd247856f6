// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.ABSENT;
import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.IMM;

import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;

/// What is known about the general registers along a straight line of instructions: each holds an unknown value, which
/// has a number, plus a known distance. Two that hold the same unknown value have a known difference.
final class SymbolicRegisters {
    private static final int COUNT = 16;
    private static final int RSP = 4, RBP = 5;

    /// The size that counts: what smaller instructions write is not followed.
    private final int word;
    private final int[] value = new int[COUNT];
    private final long[] distance = new long[COUNT];
    private int values;

    /// @param word size of addresses in bytes
    SymbolicRegisters(int word) {
        this.word = word;
        for (int reg = 0; reg < COUNT; reg++) {
            forget(reg);
        }
    }

    SymbolicRegisters(SymbolicRegisters original) {
        word = original.word;
        System.arraycopy(original.value, 0, value, 0, COUNT);
        System.arraycopy(original.distance, 0, distance, 0, COUNT);
        values = original.values;
    }

    /// The number of the unknown value in register `reg`.
    int value(int reg) {
        return value[reg];
    }

    long distance(int reg) {
        return distance[reg];
    }

    /// The same where nothing is known of some registers, which are bits.
    SymbolicRegisters without(int registers) {
        SymbolicRegisters rest = new SymbolicRegisters(this);
        for (int reg = 0; reg < COUNT; reg++) {
            if ((registers & 1 << reg) != 0) {
                rest.forget(reg);
            }
        }
        return rest;
    }

    private void forget(int reg) {
        value[reg] = values++;
        distance[reg] = 0;
    }

    private void set(int reg, int from, long added) {
        value[reg] = value[from];
        distance[reg] = distance[from] + added;
    }

    /// Follows what an instruction does.
    void execute(Instruction insn) {
        switch (insn.mnemonic()) {
            case PUSH -> set(RSP, RSP, -insn.operandBytes);
            case POP -> {
                set(RSP, RSP, insn.operandBytes);
                if (insn.kind0 == GPR) {
                    forget(insn.reg0);
                }
            }
            case LEAVE -> {
                set(RSP, RBP, insn.operandBytes);
                forget(RBP);
            }
            case CALL -> set(RSP, RSP, -insn.operandBytes);
            case ADD, SUB, INC, DEC, LEA, MOV -> {
                if (insn.kind0 != GPR || insn.bytes0 != word && insn.mnemonic() != Mnemonic.LEA
                        || !compute(insn)) {
                    forgetWritten(insn);
                }
            }
            default -> forgetWritten(insn);
        }
    }

    /// Follows an instruction that writes all of a general register.
    ///
    /// @return whether the result is known
    private boolean compute(Instruction insn) {
        int to = insn.reg0;
        switch (insn.mnemonic()) {
            case INC -> set(to, to, 1);
            case DEC -> set(to, to, -1);
            case MOV -> {
                return copy(to, insn);
            }
            case LEA -> {
                return lea(to, insn);
            }
            default -> {
                if (insn.kind1 != IMM) {
                    return false;
                }
                set(to, to, insn.mnemonic() == Mnemonic.ADD ? insn.immediate : -insn.immediate);
            }
        }
        return true;
    }

    private boolean copy(int to, Instruction insn) {
        if (insn.kind1 != GPR) {
            return false;
        }
        set(to, insn.reg1, 0);
        return true;
    }

    private boolean lea(int to, Instruction insn) {
        if (insn.operandBytes != word || insn.addressBytes != word || insn.base >= COUNT || insn.index != ABSENT) {
            return false;
        }
        set(to, insn.base, insn.displacement);
        return true;
    }

    private void forgetWritten(Instruction insn) {
        int written = WrittenRegisters.of(insn);
        for (int reg = 0; reg < COUNT; reg++) {
            if ((written & 1 << reg) != 0) {
                forget(reg);
            }
        }
    }
}
