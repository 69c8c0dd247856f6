// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.MEM;
import static org.javisor.isa.Instruction.SEG;
import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;

import org.javisor.cpu.CpuLayout;
import org.javisor.cpu.Translation;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;

/// Moves from control and segment registers, PKRU, and moves to and from the bases of FS and GS.
final class SystemRegisters {
    private static final int FS_BASE = CpuLayout.SEGMENT_BASE + 8 * Instruction.FS,
            GS_BASE = CpuLayout.SEGMENT_BASE + 8 * Instruction.GS;
    /// CR4.FSGSBASE, in its byte.
    private static final int FSGSBASE_BYTE = 2, FSGSBASE = 1;
    /// Of linear addresses; wider ones, which some processors have, are left to the interpreter.
    private static final int UNUSED_BITS = 16;
    /// CR4.PKE, in its byte.
    private static final int PKE_BYTE = 2, PKE = 1 << 6;
    private static final int RAX = 0, RCX = 1, RDX = 2;
    private static final int CMP_LOAD = 0x3b, TEST = 0x85, XOR_LOAD = 0x33;

    private final Emission emission;
    private final Assembler asm;
    private final MemoryAccess memory;

    SystemRegisters(Emission emission, MemoryAccess memory) {
        this.emission = emission;
        this.asm = emission.asm;
        this.memory = memory;
    }

    static boolean handles(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case SWAPGS, MOV_CR, MOV_SEG, RDFSBASE, RDGSBASE, WRFSBASE, WRGSBASE, RDPKRU, WRPKRU -> true;
            default -> false;
        };
    }

    static boolean supports(Translation translation, int index) {
        Instruction insn = translation.instruction(index);
        return switch (insn.mnemonic()) {
            case SWAPGS -> translation.atCpl0();
            case MOV_CR -> translation.atCpl0() && insn.kind0 == GPR && controlRegister(insn.reg1) != 0;
            case MOV_SEG -> insn.kind1 == SEG && insn.reg1 <= Instruction.GS
                    && (insn.kind0 == GPR || MemoryAccess.supports(insn));
            case RDFSBASE, RDGSBASE, WRFSBASE, WRGSBASE, RDPKRU, WRPKRU -> true;
            default -> false;
        };
    }

    private static int controlRegister(int number) {
        return switch (number) {
            case 0 -> CpuLayout.CR0;
            case 2 -> CpuLayout.CR2;
            case 3 -> CpuLayout.CR3;
            case 4 -> CpuLayout.CR4;
            default -> 0;
        };
    }

    void emit(Instruction insn, int index) {
        switch (insn.mnemonic()) {
            case SWAPGS -> swap();
            case MOV_CR -> read(insn.reg0, emission.word, controlRegister(insn.reg1));
            case MOV_SEG -> readSelector(insn, index);
            case RDPKRU -> readKeyRights(index);
            case WRPKRU -> writeKeyRights(index);
            case RDFSBASE -> readBase(insn, index, FS_BASE);
            case RDGSBASE -> readBase(insn, index, GS_BASE);
            case WRFSBASE -> writeBase(insn, index, FS_BASE);
            default -> writeBase(insn, index, GS_BASE);
        }
    }

    private void swap() {
        memory.clobbered();
        asm.load(R14, State.at(GS_BASE));
        asm.load(R15, State.at(CpuLayout.KERNEL_GS_BASE));
        asm.store(State.at(CpuLayout.KERNEL_GS_BASE), R14);
        asm.store(State.at(GS_BASE), R15);
        emission.systemChanged();
    }

    /// From the processor's block into a general register, zero-extended.
    private void read(int reg, int bytes, int offset) {
        if (State.inRegister(reg)) {
            asm.op(Assembler.LOAD, bytes, State.host(reg), State.at(offset));
        } else {
            asm.op(Assembler.LOAD, bytes, R14, State.at(offset));
            asm.store(State.general(reg), R14);
        }
    }

    private void readSelector(Instruction insn, int index) {
        int selector = CpuLayout.SELECTORS + 4 * insn.reg1;
        if (insn.kind0 == MEM) {
            Address operand = memory.access(insn, index, 2, true, false);
            asm.op(Assembler.LOAD, 4, R14, State.at(selector));
            asm.op(Assembler.STORE, 2, R14, operand);
        } else if (insn.operandBytes == 2) {
            asm.op(Assembler.LOAD, 4, R14, State.at(selector));
            if (State.inRegister(insn.reg0)) {
                asm.op(Assembler.STORE, 2, R14, State.host(insn.reg0));
            } else {
                asm.op(Assembler.STORE, 2, R14, State.general(insn.reg0));
            }
        } else {
            read(insn.reg0, 4, selector);
        }
    }

    private void checkEnabled(int index) {
        emission.flags.spill();
        asm.testByte(State.at(CpuLayout.CR4 + FSGSBASE_BYTE), FSGSBASE);
        emission.interpretIf(Assembler.EQUAL, index);
    }

    private void requireKeys(int index) {
        emission.flags.spill();
        asm.testByte(State.at(CpuLayout.CR4 + PKE_BYTE), PKE);
        emission.interpretIf(Assembler.EQUAL, index);
        asm.op(TEST, 4, RCX, RCX);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
    }

    /// Other rights than before have the TLB forget pages, which is the interpreter's.
    private void writeKeyRights(int index) {
        requireKeys(index);
        asm.op(TEST, 4, RDX, RDX);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        asm.op(CMP_LOAD, 4, RAX, State.at(CpuLayout.PKRU));
        emission.interpretIf(Assembler.NOT_EQUAL, index);
    }

    private void readKeyRights(int index) {
        requireKeys(index);
        asm.op(Assembler.LOAD, 4, RAX, State.at(CpuLayout.PKRU));
        asm.op(XOR_LOAD, 4, RDX, RDX);
    }

    private void readBase(Instruction insn, int index, int base) {
        checkEnabled(index);
        read(insn.reg0, insn.operandBytes == 8 ? 8 : 4, base);
    }

    private void writeBase(Instruction insn, int index, int base) {
        checkEnabled(index);
        int bytes = insn.operandBytes == 8 ? 8 : 4;
        if (State.inRegister(insn.reg0)) {
            asm.op(Assembler.LOAD, bytes, R14, State.host(insn.reg0));
        } else {
            asm.op(Assembler.LOAD, bytes, R14, State.general(insn.reg0));
        }
        if (bytes == 8) {
            memory.clobbered();
            asm.move(R15, R14);
            asm.shift(Assembler.SHL_IMM, 8, R15, UNUSED_BITS);
            asm.shift(Assembler.SAR_IMM, 8, R15, UNUSED_BITS);
            asm.op(CMP_LOAD, 8, R15, R14);
            emission.interpretIf(Assembler.NOT_EQUAL, index);
        }
        asm.store(State.at(base), R14);
        emission.systemChanged();
    }
}
