// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;

import org.javisor.cpu.CpuLayout;
import org.javisor.cpu.Requests;
import org.javisor.cpu.Translation;
import org.javisor.isa.Instruction;

/// SYSCALL and SYSRET between 64-bit programs and a 64-bit kernel: the last instruction of a block, as are IRET, which
/// [InterruptReturns] has, and INT n, which [SoftwareInterrupts] has.
///
/// The target is looked up first, among the entries of the level it is at, and what is not found, or not as usual, is
/// interpreted. CPL and the segments are not in the block: TRANSFER says which instruction was executed last, and
/// `ModeDerivation.followHostCode` concludes from it what they are.
final class SystemCalls {
    private static final int RCX = 1, R11 = 11;
    private static final int TF = 1 << 8, IF = 1 << 9, AC = 1 << 18, VIRTUAL = 3 << 19;
    private static final int ARITHMETIC = 0x8d5, ALWAYS_ONE = 2;
    /// What SYSRET takes from R11.
    private static final int SYSRET_FLAGS = 0x3c_7fd7;
    private static final int PAGE_BYTES = 4096;
    private static final Address FAST_TLB = State.at(CpuLayout.FAST_TLB), PAGE_RIP = State.at(CpuLayout.PAGE_RIP),
            SYSTEM_FLAGS = State.at(CpuLayout.SYSTEM_FLAGS), REQUEST_MASK = State.at(CpuLayout.REQUEST_MASK);
    private static final Address CODE_AND_STACK = State.at(CpuLayout.SELECTORS + 4 * Instruction.CS);
    private static final int AND_LOAD = 0x23, CMP_LOAD = 0x3b;

    private final Emission emission;
    private final Assembler asm;
    private final Branches branches;
    private final InterruptReturns returns;
    private final SoftwareInterrupts interrupts;

    SystemCalls(Emission emission, Branches branches, MemoryAccess memory) {
        this.returns = new InterruptReturns(emission, branches, memory);
        this.interrupts = new SoftwareInterrupts(emission, branches, memory);
        this.emission = emission;
        this.asm = emission.asm;
        this.branches = branches;
    }

    static boolean supports(Translation translation, int index) {
        Instruction insn = translation.instruction(index);
        return switch (insn.mnemonic()) {
            case SYSCALL -> insn.codeBits == 64 && !translation.atCpl0();
            case INT -> insn.codeBits == 64;
            case SYSRET, IRET -> translation.atCpl0() && insn.codeBits == 64 && insn.operandBytes == 8;
            default -> false;
        };
    }

    void emit(Instruction insn, int index) {
        emission.flags.save();
        emission.flags.spill();
        switch (insn.mnemonic()) {
            case SYSCALL -> call(index);
            case SYSRET -> returnFromCall(index);
            case INT -> interrupts.emit(insn, index);
            default -> returns.emit(index);
        }
    }

    private void call(int index) {
        requireTlb(CpuLayout.USER_TLB, index);
        asm.load(R14, State.at(CpuLayout.SYSCALL_TARGET));
        branches.lookUp(State.at(CpuLayout.SUPERVISOR_ENTRIES), index);
        asm.load(RCX, PAGE_RIP);
        asm.lea(RCX, Address.of(RCX, emission.translation.end(index)));
        setPage();
        FlagInstructions.rflags(asm, R11);
        asm.op(Assembler.LOAD, 4, R14, R11);
        asm.op(AND_LOAD, 4, R14, State.at(CpuLayout.SYSCALL_FLAGS));
        // IF is among what goes.
        asm.immediateOp(Assembler.AND_IMM, 4, REQUEST_MASK, ~Requests.INTERRUPT);
        asm.op(Assembler.STORE, 4, R14, SYSTEM_FLAGS);
        asm.store(State.at(CpuLayout.SPILL), R15);
        FlagInstructions.loadArithmetic(asm, R14, R15);
        setSystemFlags();
        enter(CpuLayout.SUPERVISOR_TLB, CpuLayout.SUPERVISOR_ENTRIES, CpuLayout.CALL_SELECTORS,
                CpuLayout.TRANSFER_SYSCALL);
    }

    private void returnFromCall(int index) {
        requireTlb(CpuLayout.SUPERVISOR_TLB, index);
        asm.testByte(State.at(CpuLayout.SYSRET_USABLE), 1);
        emission.interpretIf(Assembler.EQUAL, index);
        asm.op(Assembler.LOAD, 4, R14, R11);
        asm.immediateOp(Assembler.AND_IMM, 4, R14, TF | IF | AC | VIRTUAL);
        asm.immediateOp(Assembler.CMP_IMM, 4, R14, IF);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        asm.testByte(State.at(CpuLayout.REQUESTS), Requests.INTERRUPT);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        asm.move(R14, RCX);
        branches.lookUp(State.at(CpuLayout.USER_ENTRIES), index);
        setPage();
        asm.op(Assembler.LOAD, 4, R14, R11);
        asm.immediateOp(Assembler.AND_IMM, 4, R14, SYSRET_FLAGS);
        asm.immediateOp(Assembler.OR_IMM, 4, REQUEST_MASK, Requests.INTERRUPT);
        asm.op(Assembler.STORE, 4, R14, SYSTEM_FLAGS);
        asm.store(State.at(CpuLayout.SPILL), R15);
        FlagInstructions.loadArithmetic(asm, R14, R15);
        setSystemFlags();
        enter(CpuLayout.USER_TLB, CpuLayout.USER_ENTRIES, CpuLayout.RETURN_SELECTORS, CpuLayout.TRANSFER_SYSRET);
    }

    /// Leaves to the interpreter what is at another level, checks alignment, or has AC set for SMAP.
    private void requireTlb(int tlb, int index) {
        asm.load(R14, State.at(tlb));
        asm.op(CMP_LOAD, 8, R14, FAST_TLB);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
    }

    private void setPage() {
        asm.immediateOp(Assembler.AND_IMM, 8, R14, -PAGE_BYTES);
        asm.store(PAGE_RIP, R14);
    }

    /// All of RFLAGS is in SYSTEM_FLAGS.
    private void setSystemFlags() {
        asm.immediateOp(Assembler.AND_IMM, 4, SYSTEM_FLAGS, ~ARITHMETIC);
        asm.immediateOp(Assembler.OR_IMM, 4, SYSTEM_FLAGS, ALWAYS_ONE);
    }

    private void enter(int tlb, int entries, int selectors, int transfer) {
        asm.load(R14, State.at(selectors));
        asm.store(CODE_AND_STACK, R14);
        asm.load(R14, State.at(tlb));
        asm.store(FAST_TLB, R14);
        asm.load(R14, State.at(entries));
        asm.store(State.at(CpuLayout.ENTRIES), R14);
        asm.storeImmediate(State.at(CpuLayout.TRANSFER), transfer);
        asm.load(R15, State.at(CpuLayout.SPILL));
        // Addresses of one level mean nothing at the other.
        ReturnStack.clear(asm);
        branches.enter();
    }
}
