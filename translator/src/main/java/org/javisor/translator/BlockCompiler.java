// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.translator.Assembler.R14;

import org.javisor.cpu.CpuLayout;
import org.javisor.cpu.Translation;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeRow;

/// Translates one block, as far as its instructions can be translated.
final class BlockCompiler {
    private static final int ADD_IMM = Assembler.ADD_IMM;

    private final Emission emission;
    private final Assembler asm;
    private final Translation translation;
    private final MemoryAccess memory;
    private final PlainInstructions plain;
    private final StackInstructions stack;
    private final Division division;
    private final ControlInstructions control;
    private final X87Instructions x87;
    private final StringInstructions strings;
    private final Branches branches;

    BlockCompiler(Emission emission, HostFeatures host) {
        this.emission = emission;
        this.asm = emission.asm;
        this.translation = emission.translation;
        this.memory = new MemoryAccess(emission, host);
        this.plain = new PlainInstructions(emission, memory);
        this.stack = new StackInstructions(emission, memory);
        this.division = new Division(emission, memory);
        this.control = new ControlInstructions(emission, memory);
        this.x87 = new X87Instructions(emission, memory);
        this.strings = new StringInstructions(emission, memory);
        this.branches = new Branches(emission, memory, stack);
    }

    /// How many instructions from the first can be translated.
    static int supported(Translation translation, HostFeatures host) {
        int count = 0;
        while (count < translation.size() && supports(translation.instruction(count), host)) {
            count++;
        }
        return count;
    }

    private static boolean supports(Instruction insn, HostFeatures host) {
        return isIdle(insn.mnemonic()) || isLea(insn) || Branches.supports(insn) || StackInstructions.supports(insn)
                || Division.supports(insn) || X87Instructions.supports(insn, host)
                || StringInstructions.supports(insn)
                || ControlInstructions.supports(insn)
                || PlainInstructions.supports(insn, host);
    }

    private static boolean isIdle(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case NOP, HINT_NOP, PREFETCH, PREFETCHW, PREFETCHNTA, PREFETCHT0, PREFETCHT1, PREFETCHT2 -> true;
            default -> false;
        };
    }

    private static boolean isLea(Instruction insn) {
        return insn.mnemonic() == Mnemonic.LEA && insn.operandBytes >= 4 && MemoryAccess.supports(insn)
                && insn.kind0 == GPR;
    }

    void compile(int count, boolean counted) {
        entry(count);
        if (counted) {
            asm.immediateOp(ADD_IMM, 8, State.at(CpuLayout.INSTRUCTIONS), count);
        }
        for (int index = 0; index < count; index++) {
            Instruction insn = translation.instruction(index);
            if (Branches.supports(insn)) {
                emission.saveX87Pointer();
                branches.emit(insn, index);
                emission.finish();
                return;
            }
            emit(insn, index);
        }
        emission.saveX87Pointer();
        emission.flags.save();
        if (count == translation.size()) {
            branches.goOn(count - 1);
        } else {
            emission.interpret(count);
        }
        emission.finish();
    }

    /// The first instruction is as long as a jump, and its place aligned, to be overwritten by one in one piece; nothing
    /// leads to its middle.
    private void entry(int count) {
        asm.immediateOp(Assembler.CMP_IMM, 4, State.at(CpuLayout.ATTENTION), 0);
        emission.leaveAtEntryIf(Assembler.NOT_EQUAL);
        emission.needVectors(translation.vectorNeed(count));
        if (translation.usesX87(count)) {
            emission.needX87();
        }
    }

    private void emit(Instruction insn, int index) {
        if (isIdle(insn.mnemonic())) {
            return;
        }
        if (isLea(insn)) {
            lea(insn, index);
        } else if (StackInstructions.supports(insn)) {
            stack.emit(insn, index);
        } else if (Division.supports(insn)) {
            division.emit(insn, index);
        } else if (ControlInstructions.supports(insn)) {
            control.emit(insn, index);
        } else if (insn.row.map() == OpcodeRow.X87 || insn.mnemonic() == Mnemonic.FWAIT) {
            x87.emit(insn, index);
        } else if (StringInstructions.supports(insn)) {
            strings.emit(insn, index);
        } else {
            plain.emit(insn, index);
        }
    }

    private void lea(Instruction insn, int index) {
        if (State.inRegister(insn.reg0)) {
            memory.address(insn, index, State.host(insn.reg0), insn.operandBytes);
        } else {
            memory.address(insn, index, R14, insn.operandBytes);
            asm.store(State.general(insn.reg0), R14);
        }
    }
}
