// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;

import org.javisor.cpu.CpuLayout;
import org.javisor.cpu.Requests;
import org.javisor.cpu.Translation;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;

/// PUSHF and POPF, and what sets and clears IF, DF and AC.
///
/// What would let an interrupt in that waits is left to the interpreter, before anything has changed. One that comes
/// later finds its mask open and calls for attention, which the next block heeds: so the instruction behind STI is
/// executed first, as it must be, because STI is not translated where it ends a block.
final class FlagInstructions {
    private static final int TF = 1 << 8, IF = 1 << 9, DF = 1 << 10, IOPL = 3 << 12, NT = 1 << 14, AC = 1 << 18,
            ID = 1 << 21;
    private static final int IF_BIT = 9, OF_BIT = 11;
    /// Those that LAHF gives, but for bit 1.
    private static final int LOW_FLAGS = 0xd5;
    private static final Address SYSTEM_FLAGS = State.at(CpuLayout.SYSTEM_FLAGS),
            REQUESTS = State.at(CpuLayout.REQUESTS), REQUEST_MASK = State.at(CpuLayout.REQUEST_MASK);
    private static final Address OVERFLOW = State.at(CpuLayout.FLAGS_RAW), LOW = State.at(CpuLayout.FLAGS_RAW + 1);
    private static final int OR_LOAD = 0x0b, OR_LOAD_BYTE = 0x0a, XOR_LOAD = 0x33, OR_STORE = 0x09;

    private final Emission emission;
    private final Assembler asm;
    private final StackInstructions stack;

    FlagInstructions(Emission emission, StackInstructions stack) {
        this.emission = emission;
        this.asm = emission.asm;
        this.stack = stack;
    }

    static boolean handles(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case PUSHF, POPF, STI, CLI, CLAC, STAC, CLD, STD -> true;
            default -> false;
        };
    }

    /// @param end the instruction behind the piece
    static boolean supports(Translation translation, int index, int end) {
        Instruction insn = translation.instruction(index);
        return switch (insn.mnemonic()) {
            case CLD, STD -> true;
            case PUSHF -> StackInstructions.isWord(insn);
            case POPF -> StackInstructions.isWord(insn) && translation.atCpl0();
            case STI -> translation.atCpl0() && index + 1 < end;
            case CLI, CLAC, STAC -> translation.atCpl0();
            default -> false;
        };
    }

    void emit(Instruction insn, int index) {
        switch (insn.mnemonic()) {
            case PUSHF -> push(index);
            case POPF -> pop(index);
            case CLI -> disableInterrupts();
            case STI -> enableInterrupts(index);
            case CLAC -> exempt(false);
            case STAC -> exempt(true);
            case CLD -> set(DF, false);
            default -> set(DF, true);
        }
    }

    private void set(int flag, boolean value) {
        emission.flags.spill();
        asm.immediateOp(value ? Assembler.OR_IMM : Assembler.AND_IMM, 4, SYSTEM_FLAGS, value ? flag : ~flag);
    }

    private void disableInterrupts() {
        set(IF, false);
        asm.immediateOp(Assembler.AND_IMM, 4, REQUEST_MASK, ~Requests.INTERRUPT);
    }

    private void enableInterrupts(int index) {
        emission.flags.spill();
        asm.testByte(REQUESTS, Requests.INTERRUPT);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        set(IF, true);
        asm.immediateOp(Assembler.OR_IMM, 4, REQUEST_MASK, Requests.INTERRUPT);
    }

    /// AC exempts the kernel's accesses from SMAP.
    private void exempt(boolean value) {
        set(AC, value);
        asm.load(R14, State.at(value ? CpuLayout.EXEMPT_TLB : CpuLayout.SUPERVISOR_TLB));
        asm.store(State.at(CpuLayout.FAST_TLB), R14);
        emission.systemChanged();
    }

    private void push(int index) {
        emission.flags.save();
        Address item = stack.itemToPush(index);
        emission.flags.spill();
        rflags(asm, R14);
        stack.store(item, R14);
        stack.pushed();
    }

    /// RFLAGS into a register; the arithmetic flags are in memory. Destroys the host's flags.
    static void rflags(Assembler asm, int to) {
        asm.loadZeroExtended(to, OVERFLOW, 1);
        asm.shift(Assembler.SHL_IMM, 4, to, OF_BIT);
        asm.op(OR_LOAD_BYTE, 1, to, LOW);
        asm.op(OR_LOAD, 4, to, SYSTEM_FLAGS);
    }

    /// The arithmetic flags of RFLAGS in `from` into memory. Destroys `from`, `scratch` and the host's flags.
    static void loadArithmetic(Assembler asm, int from, int scratch) {
        asm.op(Assembler.LOAD, 4, scratch, from);
        asm.shift(Assembler.SHR_IMM, 4, scratch, OF_BIT);
        asm.immediateOp(Assembler.AND_IMM, 4, scratch, 1);
        asm.shift(Assembler.SHL_IMM, 4, from, 8);
        asm.immediateOp(Assembler.AND_IMM, 4, from, LOW_FLAGS << 8);
        asm.op(OR_LOAD, 4, from, scratch);
        asm.op(Assembler.STORE, 2, from, OVERFLOW);
    }

    private void pop(int index) {
        emission.flags.spill();
        stack.load(R15, stack.top(index));
        asm.op(Assembler.LOAD, 4, R14, R15);
        asm.op(XOR_LOAD, 4, R14, SYSTEM_FLAGS);
        asm.op(0xf7, 4, 0, R14);
        asm.immediate(TF | IOPL | NT | AC, 4);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        // IF as bit 0, where REQUESTS has an interrupt.
        asm.op(Assembler.LOAD, 4, R14, R15);
        asm.shift(Assembler.SHR_IMM, 4, R14, IF_BIT);
        asm.immediateOp(Assembler.AND_IMM, 4, R14, Requests.INTERRUPT);
        asm.op(Assembler.TEST, 4, R14, REQUESTS);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        asm.immediateOp(Assembler.AND_IMM, 4, REQUEST_MASK, ~Requests.INTERRUPT);
        asm.op(OR_STORE, 4, R14, REQUEST_MASK);
        asm.op(Assembler.LOAD, 4, R14, R15);
        asm.op(XOR_LOAD, 4, R14, SYSTEM_FLAGS);
        asm.immediateOp(Assembler.AND_IMM, 4, R14, IF | DF | ID);
        asm.op(Assembler.XOR, 4, R14, SYSTEM_FLAGS);
        loadArithmetic(asm, R15, R14);
        emission.flags.setInMemory();
        stack.drop(emission.word);
    }
}
