// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;

import org.javisor.cpu.CpuLayout;
import org.javisor.cpu.Requests;
import org.javisor.isa.Instruction;

/// IRET of a 64-bit kernel, to 64-bit programs and to itself: the last instruction of a block.
///
/// Selectors have to be those that the interpreter has returned with before, and their descriptors what they were then;
/// `KnownReturns` in `cpu` tells them. The entry at the address is looked up before anything changes, and what is not
/// as usual is interpreted: a frame or a descriptor that is not in one page that may be read; a change of IOPL, NT, TF,
/// VIF or VIP; AC in a program; anything that is asked of the processor; and, as IRET_USABLE says, blocked NMIs,
/// breakpoints, which RF is for, shadow stacks, and data segments that a program must not have.
final class InterruptReturns {
    private static final int IP = 0, CS = 8, FLAGS = 16, SP = 24, SS = 32, FRAME_BYTES = 40, DESCRIPTOR_BYTES = 8;
    private static final int TF = 1 << 8, IF = 1 << 9, DF = 1 << 10, IOPL = 3 << 12, NT = 1 << 14, AC = 1 << 18,
            VIF = 1 << 19, VIP = 1 << 20, ID = 1 << 21;
    private static final int ALWAYS_ONE = 2, IF_BIT = 9, AC_BYTE = 2, AC_IN_BYTE = AC >> 16;
    private static final int PAGE_BYTES = 4096, TEST_IMM = 0xf7, XOR_LOAD = 0x33, OR_STORE = 0x09, LOCK = 0xf0;
    private static final Address SYSTEM_FLAGS = State.at(CpuLayout.SYSTEM_FLAGS),
            REQUEST_MASK = State.at(CpuLayout.REQUEST_MASK), FRAME = State.at(CpuLayout.SPILL + 8),
            ENTRY = State.at(CpuLayout.SPILL + 16);

    private final Emission emission;
    private final Assembler asm;
    private final Branches branches;
    private final MemoryAccess memory;

    InterruptReturns(Emission emission, Branches branches, MemoryAccess memory) {
        this.emission = emission;
        this.asm = emission.asm;
        this.branches = branches;
        this.memory = memory;
    }

    /// The flags are in memory.
    void emit(int index) {
        asm.load(R14, State.at(CpuLayout.SUPERVISOR_TLB));
        asm.op(Assembler.CMP_LOAD, 8, R14, State.at(CpuLayout.FAST_TLB));
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        asm.immediateOp(Assembler.CMP_IMM, 4, State.at(CpuLayout.REQUESTS), 0);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        asm.lea(R15, memory.access(Address.of(State.GUEST_RSP, 0), index, FRAME_BYTES, false));
        asm.store(FRAME, R15);
        checkFlags(index);
        asm.loadZeroExtended(R14, Address.of(R15, CS), 2);
        asm.op(Assembler.CMP_LOAD, 4, R14, State.at(CpuLayout.IRET_TO_USER + CpuLayout.IRET_CS));
        int elsewhere = asm.jumpIf(Assembler.NOT_EQUAL);
        toUser(index);
        asm.land(elsewhere);
        toKernel(index);
    }

    private void checkFlags(int index) {
        asm.op(Assembler.LOAD, 4, R14, Address.of(R15, FLAGS));
        requireClear(TF | NT, index);
        asm.op(XOR_LOAD, 4, R14, SYSTEM_FLAGS);
        requireClear(IOPL | NT | VIF | VIP, index);
    }

    /// Of R14.
    private void requireClear(int bits, int index) {
        asm.op(TEST_IMM, 4, 0, R14);
        asm.immediate(bits, 4);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
    }

    private void toUser(int index) {
        requireUsable(CpuLayout.USABLE_TO_USER, index);
        asm.testByte(Address.of(R15, FLAGS + AC_BYTE), AC_IN_BYTE);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        asm.loadZeroExtended(R14, Address.of(R15, SS), 2);
        requireSelector(CpuLayout.IRET_TO_USER + CpuLayout.IRET_SS, index);
        requireDescriptor(CpuLayout.IRET_TO_USER, CpuLayout.IRET_CS_AT, CpuLayout.IRET_CS_DESCRIPTOR, index);
        requireDescriptor(CpuLayout.IRET_TO_USER, CpuLayout.IRET_SS_AT, CpuLayout.IRET_SS_DESCRIPTOR, index);
        find(CpuLayout.USER_ENTRIES, index);
        enter(index, CpuLayout.IRET_TO_USER, CpuLayout.USER_ENTRIES, CpuLayout.TRANSFER_IRET_TO_USER,
                () -> asm.load(R14, State.at(CpuLayout.USER_TLB)));
    }

    private void toKernel(int index) {
        memory.clobbered();
        requireUsable(CpuLayout.USABLE_TO_KERNEL, index);
        requireSelector(CpuLayout.IRET_TO_KERNEL + CpuLayout.IRET_CS, index);
        asm.loadZeroExtended(R14, Address.of(R15, SS), 2);
        asm.op(Assembler.TEST, 4, R14, R14);
        int none = asm.jumpIf(Assembler.EQUAL);
        requireSelector(CpuLayout.IRET_TO_KERNEL + CpuLayout.IRET_SS, index);
        requireDescriptor(CpuLayout.IRET_TO_KERNEL, CpuLayout.IRET_SS_AT, CpuLayout.IRET_SS_DESCRIPTOR, index);
        asm.land(none);
        memory.clobbered();
        requireDescriptor(CpuLayout.IRET_TO_KERNEL, CpuLayout.IRET_CS_AT, CpuLayout.IRET_CS_DESCRIPTOR, index);
        find(CpuLayout.SUPERVISOR_ENTRIES, index);
        enter(index, CpuLayout.IRET_TO_KERNEL, CpuLayout.SUPERVISOR_ENTRIES, CpuLayout.TRANSFER_IRET_TO_KERNEL,
                this::supervisorTlb);
    }

    private void requireUsable(int bit, int index) {
        asm.testByte(State.at(CpuLayout.IRET_USABLE), bit);
        emission.interpretIf(Assembler.EQUAL, index);
    }

    /// R14 is the selector of a frame.
    private void requireSelector(int known, int index) {
        asm.op(Assembler.CMP_LOAD, 4, R14, State.at(known));
        emission.interpretIf(Assembler.NOT_EQUAL, index);
    }

    private void requireDescriptor(int segments, int at, int descriptor, int index) {
        memory.clobbered();
        asm.load(R15, State.at(segments + at));
        asm.load(R14, memory.access(Address.of(R15, 0), index, DESCRIPTOR_BYTES, false));
        asm.op(Assembler.CMP_LOAD, 8, R14, State.at(segments + descriptor));
        emission.interpretIf(Assembler.NOT_EQUAL, index);
    }

    /// Looks up the address to return to, which is then in R14, and its entry, or 0 for none, in R15. In lock-step what
    /// IRET changes beside the processor's block cannot be taken back, so that it is executed by the interpreter alone.
    private void find(int entries, int index) {
        memory.clobbered();
        asm.load(R15, FRAME);
        asm.load(R14, Address.of(R15, IP));
        if (emission.logged) {
            branches.lookUp(State.at(entries), index);
        } else {
            branches.lookUpOrReach(State.at(entries), index);
        }
    }

    /// @param tlb emits what loads the address of the TLB to be used into R14
    private void enter(int index, int segments, int entries, int transfer, Runnable tlb) {
        asm.store(ENTRY, R15);
        asm.immediateOp(Assembler.AND_IMM, 8, R14, -PAGE_BYTES);
        asm.store(State.at(CpuLayout.PAGE_RIP), R14);
        asm.load(R15, FRAME);
        loadSelectors(segments, transfer);
        asm.load(State.GUEST_RSP, Address.of(R15, SP));
        asm.op(Assembler.LOAD, 4, R14, Address.of(R15, FLAGS));
        loadFlags();
        tlb.run();
        asm.store(State.at(CpuLayout.FAST_TLB), R14);
        asm.load(R14, State.at(entries));
        asm.store(State.at(CpuLayout.ENTRIES), R14);
        asm.storeImmediate(State.at(CpuLayout.TRANSFER), transfer);
        asm.load(R15, ENTRY);
        asm.op(Assembler.TEST, 8, R15, R15);
        emission.reachedIf(Assembler.EQUAL, index);
        ReturnStack.clear(asm);
        branches.enter();
    }

    /// The kernel's stack segment may be null.
    private void loadSelectors(int segments, int transfer) {
        asm.op(Assembler.LOAD, 4, R14, State.at(segments + CpuLayout.IRET_CS));
        asm.op(Assembler.STORE, 4, R14, State.at(CpuLayout.SELECTORS + 4 * Instruction.CS));
        asm.loadZeroExtended(R14, Address.of(R15, SS), 2);
        asm.op(Assembler.STORE, 4, R14, State.at(CpuLayout.SELECTORS + 4 * Instruction.SS));
    }

    /// RFLAGS from R14; uses R15.
    private void loadFlags() {
        asm.op(Assembler.LOAD, 4, R15, R14);
        asm.shift(Assembler.SHR_IMM, 4, R15, IF_BIT);
        asm.immediateOp(Assembler.AND_IMM, 4, R15, Requests.INTERRUPT);
        // LOCKed because IRET serializes: what was stored is seen by others before anything behind it is executed.
        asm.byte1(LOCK);
        asm.immediateOp(Assembler.AND_IMM, 4, REQUEST_MASK, ~Requests.INTERRUPT);
        asm.op(OR_STORE, 4, R15, REQUEST_MASK);
        asm.op(Assembler.LOAD, 4, R15, R14);
        asm.immediateOp(Assembler.AND_IMM, 4, R15, IF | DF | IOPL | AC | VIF | VIP | ID);
        asm.immediateOp(Assembler.OR_IMM, 4, R15, ALWAYS_ONE);
        asm.op(Assembler.STORE, 4, R15, SYSTEM_FLAGS);
        FlagInstructions.loadArithmetic(asm, R14, R15);
    }

    private void supervisorTlb() {
        asm.load(R14, State.at(CpuLayout.SUPERVISOR_TLB));
        asm.testByte(State.at(CpuLayout.SYSTEM_FLAGS + AC_BYTE), AC_IN_BYTE);
        int plain = asm.jumpIf(Assembler.EQUAL);
        asm.load(R14, State.at(CpuLayout.EXEMPT_TLB));
        asm.land(plain);
    }
}
