// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.MEM;
import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.RBP;

import org.javisor.cpu.CpuLayout;
import org.javisor.isa.Instruction;

/// PUSH, POP and LEAVE of a word: 64 bits in 64-bit code, else 32. The stack pointer moves after the last check.
final class StackInstructions {
    private static final int RSP = 4;
    private static final Address TOP = Address.of(State.GUEST_RSP, 0);
    private static final Address VALUE = State.at(CpuLayout.SPILL + 8);

    private final Emission emission;
    private final Assembler asm;
    private final MemoryAccess memory;
    private final int word;
    private final Address belowTop;

    StackInstructions(Emission emission, MemoryAccess memory) {
        this.emission = emission;
        this.asm = emission.asm;
        this.memory = memory;
        this.word = emission.word;
        this.belowTop = Address.of(State.GUEST_RSP, -word);
    }

    static boolean supports(Instruction insn) {
        if (!isWord(insn)) {
            return false;
        }
        return switch (insn.mnemonic()) {
            case PUSH -> insn.kind0 == GPR || insn.kind0 == IMM || insn.kind0 == MEM && MemoryAccess.supports(insn);
            case POP -> insn.kind0 == GPR;
            case LEAVE -> true;
            default -> false;
        };
    }

    /// Whether an instruction's operands have the size that is usual for stacks and return addresses.
    static boolean isWord(Instruction insn) {
        return 8 * insn.operandBytes == insn.codeBits;
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
            asm.loadZeroExtended(R14, memory.access(insn, index, word, false, false), word);
            asm.store(VALUE, R14);
        }
        Address item = itemToPush(index);
        if (insn.kind0 == IMM) {
            asm.op(0xc7, word, 0, item);
            asm.immediate(insn.immediate, 4);
        } else if (insn.kind0 == GPR && State.inRegister(insn.reg0)) {
            store(item, State.host(insn.reg0));
        } else {
            asm.load(R14, insn.kind0 == GPR ? State.general(insn.reg0) : VALUE);
            store(item, R14);
        }
        pushed();
    }

    /// Where a word goes, checked. R14 is free then.
    Address itemToPush(int index) {
        return memory.stack(belowTop, index, true);
    }

    /// Stores a word, from a host register.
    void store(Address item, int from) {
        asm.op(Assembler.STORE, word, from, item);
    }

    /// Loads a word into a host register.
    void load(int to, Address item) {
        asm.op(Assembler.LOAD, word, to, item);
    }

    void pushed() {
        asm.op(Assembler.LEA, word, State.GUEST_RSP, belowTop);
    }

    private void pop(int reg, int index) {
        Address item = top(index);
        if (reg == RSP) {
            load(State.GUEST_RSP, item);
            return;
        }
        if (State.inRegister(reg)) {
            load(State.host(reg), item);
        } else {
            load(R14, item);
            asm.store(State.general(reg), R14);
        }
        drop(word);
    }

    /// The item at the top, checked.
    Address top(int index) {
        return memory.stack(TOP, index, false);
    }

    void drop(int bytes) {
        asm.op(Assembler.LEA, word, State.GUEST_RSP, Address.of(State.GUEST_RSP, bytes));
    }

    private void leave(int index) {
        Address frame = memory.stack(Address.of(RBP, 0), index, false);
        load(R14, frame);
        asm.op(Assembler.LEA, word, State.GUEST_RSP, Address.of(RBP, word));
        asm.move(RBP, R14);
    }
}
