// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.MEM;
import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.RBP;

import org.javisor.cpu.CpuLayout;
import org.javisor.isa.Instruction;

/// PUSH, POP and LEAVE of 64 bits. The stack pointer moves after the last check.
final class StackInstructions {
    private static final int RSP = 4;
    private static final Address TOP = Address.of(State.GUEST_RSP, 0), BELOW_TOP = Address.of(State.GUEST_RSP, -8);
    private static final Address VALUE = State.at(CpuLayout.SPILL + 8);

    private final Emission emission;
    private final Assembler asm;
    private final MemoryAccess memory;

    StackInstructions(Emission emission, MemoryAccess memory) {
        this.emission = emission;
        this.asm = emission.asm;
        this.memory = memory;
    }

    static boolean supports(Instruction insn) {
        if (insn.operandBytes != 8) {
            return false;
        }
        return switch (insn.mnemonic()) {
            case PUSH -> insn.kind0 == GPR || insn.kind0 == IMM || insn.kind0 == MEM && MemoryAccess.supports(insn);
            case POP -> insn.kind0 == GPR;
            case LEAVE -> true;
            default -> false;
        };
    }

    void emit(Instruction insn, int index) {
        switch (insn.mnemonic()) {
            case PUSH -> push(insn, index);
            case POP -> pop(insn.reg0, index);
            default -> leave(index);
        }
    }

    private void push(Instruction insn, int index) {
        if (insn.kind0 == MEM) {
            asm.load(R14, memory.access(insn, index, 8, false, false));
            asm.store(VALUE, R14);
        }
        Address item = itemToPush(index);
        if (insn.kind0 == IMM) {
            asm.op(0xc7, 8, 0, item);
            asm.immediate(insn.immediate, 4);
        } else if (insn.kind0 == GPR && State.inRegister(insn.reg0)) {
            asm.store(item, State.host(insn.reg0));
        } else {
            asm.load(R14, insn.kind0 == GPR ? State.general(insn.reg0) : VALUE);
            asm.store(item, R14);
        }
        pushed();
    }

    /// Where an item of 8 bytes goes, checked. R14 is free then.
    Address itemToPush(int index) {
        return memory.stack(BELOW_TOP, index, true);
    }

    void pushed() {
        asm.lea(State.GUEST_RSP, BELOW_TOP);
    }

    private void pop(int reg, int index) {
        Address item = top(index);
        if (reg == RSP) {
            asm.load(State.GUEST_RSP, item);
            return;
        }
        if (State.inRegister(reg)) {
            asm.load(State.host(reg), item);
        } else {
            asm.load(R14, item);
            asm.store(State.general(reg), R14);
        }
        drop(8);
    }

    /// The item at the top, checked.
    Address top(int index) {
        return memory.stack(TOP, index, false);
    }

    void drop(int bytes) {
        asm.lea(State.GUEST_RSP, Address.of(State.GUEST_RSP, bytes));
    }

    private void leave(int index) {
        Address frame = memory.stack(Address.of(RBP, 0), index, false);
        asm.load(R14, frame);
        asm.lea(State.GUEST_RSP, Address.of(RBP, 8));
        asm.move(RBP, R14);
    }
}
