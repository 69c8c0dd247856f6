// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.MEM;
import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;

import org.javisor.cpu.CpuLayout;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeRow;
import org.javisor.isa.OpcodeRow.Attribute;

/// x87 instructions, emitted as themselves: all but those that load or store an environment.
///
/// The registers are in the host's ([X87Registers]), and all exceptions are masked, so that none of these instructions
/// can fault: one that would unmask an exception is left to the interpreter.
final class X87Instructions {
    private static final int MOVZX_WORD = Assembler.MAP_0F | 0xb7;
    private static final int FLDCW = 0xd9, FLDCW_EXTENSION = 5;
    private static final int ALL_MASKED = 0x3f;

    private final Emission emission;
    private final Assembler asm;
    private final MemoryAccess memory;

    X87Instructions(Emission emission, MemoryAccess memory) {
        this.emission = emission;
        this.asm = emission.asm;
        this.memory = memory;
    }

    static boolean supports(Instruction insn, HostFeatures host) {
        if (insn.row.map() != OpcodeRow.X87) {
            return insn.mnemonic() == Mnemonic.FWAIT;
        }
        return host.has(insn.row.feature()) && (insn.kind0 != MEM || MemoryAccess.supports(insn))
                && switch (insn.mnemonic()) {
                    case FLDENV, FNSTENV, FRSTOR, FNSAVE -> false;
                    // Undocumented, and not the same on all processors.
                    case FSTPNCE -> false;
                    default -> true;
                };
    }

    void emit(Instruction insn, int index) {
        switch (insn.mnemonic()) {
            // Nothing is pending.
            case FWAIT -> { }
            case FLDCW -> loadControl(insn, index);
            case FNINIT -> initialize(insn);
            default -> plain(insn, index);
        }
    }

    private void plain(Instruction insn, int index) {
        if (emission.logged && mayDiffer(insn.mnemonic())) {
            emission.flags.spill();
            emission.interpret(index);
        }
        Effect effect = Effect.of(insn.mnemonic());
        if (insn.kind0 == MEM) {
            Address address = memory.access(insn, index, insn.bytes0, insn.row.has(Attribute.WRITES_ONLY), false);
            asm.op(insn.row.opcode(), 4, insn.row.extension(), address);
        } else {
            if (effect == Effect.READS) {
                emission.flags.need();
            }
            asm.bytes(insn.row.opcode(), insn.modrm & 0xff);
        }
        if (effect == Effect.WRITES) {
            emission.flags.set();
        }
        if (!isControl(insn.mnemonic())) {
            emission.executedX87(index);
        }
    }

    /// Whether the host's result may differ from the interpreter's, as it does between processors: in the last place,
    /// or, of FBLD, where a digit is none.
    private static boolean mayDiffer(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case FSIN, FCOS, FSINCOS, FPTAN, FPATAN, F2XM1, FYL2X, FYL2XP1, FBLD -> true;
            default -> false;
        };
    }

    /// Whether it leaves the pointers to the last instruction as they are.
    ///
    /// @sdm vol. 1 §8.3.10 "x87 FPU Control Instructions"
    private static boolean isControl(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case FNSTCW, FNSTSW, FNCLEX, FNENI, FNDISI, FNSETPM -> true;
            default -> false;
        };
    }

    /// What is loaded is what was looked at: another processor may write to the operand.
    private void loadControl(Instruction insn, int index) {
        Address operand = memory.access(insn, index, 2, false, false);
        emission.flags.spill();
        memory.clobbered();
        asm.op(MOVZX_WORD, 4, R15, operand);
        asm.op(Assembler.LOAD, 4, R14, R15);
        asm.immediateOp(Assembler.AND_IMM, 4, R14, ALL_MASKED);
        asm.immediateOp(Assembler.CMP_IMM, 4, R14, ALL_MASKED);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        Address checked = State.at(CpuLayout.SPILL);
        asm.op(Assembler.STORE, 4, R15, checked);
        asm.op(FLDCW, 4, FLDCW_EXTENSION, checked);
    }

    private void initialize(Instruction insn) {
        asm.bytes(insn.row.opcode(), insn.modrm & 0xff);
        asm.op(0xc7, 2, 0, State.at(CpuLayout.FOP));
        asm.immediate(0, 2);
        for (int pointer : new int[] {CpuLayout.FIP, CpuLayout.FDP}) {
            asm.op(0xc7, 8, 0, State.at(pointer));
            asm.immediate(0, 4);
        }
        emission.forgotX87();
    }
}
