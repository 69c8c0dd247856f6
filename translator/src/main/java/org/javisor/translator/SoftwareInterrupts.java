// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;

import org.javisor.cpu.CpuLayout;
import org.javisor.isa.Instruction;

/// INT n of 64-bit code, from programs to a 64-bit kernel and within that: the last instruction of a block.
///
/// Gate and code segment have to be what they were when the interpreter last executed the same; `KnownGates` in `cpu`
/// tells them. The stack is read from the TSS, and nothing changes before all of the frame can be written there and the
/// handler's entry is known. Tables and stack are the kernel's: its TLB is used from the first of them on, and
/// SYSTEM_CHANGED has that of a program taken back should host code be left before the instruction.
///
/// In lock-step it is interpreted, since the frame is longer than what is noted of one store.
final class SoftwareInterrupts {
    private static final int IP = 0, CS = 8, FLAGS = 16, SP = 24, SS = 32, FRAME_BYTES = 40;
    private static final int GATE_BYTES = 12, GATE_HIGH = 8, DESCRIPTOR_BYTES = 8, POINTER_BYTES = 8, STACK_MASK = -16;
    private static final int AC_BYTE = 2, AC_IN_BYTE = 1 << 2, PAGE_BYTES = 4096, AND_STORE = 0x21;
    private static final Address FAST_TLB = State.at(CpuLayout.FAST_TLB),
            SYSTEM_FLAGS = State.at(CpuLayout.SYSTEM_FLAGS), REQUEST_MASK = State.at(CpuLayout.REQUEST_MASK),
            PAGE_RIP = State.at(CpuLayout.PAGE_RIP), STACK_SELECTOR = selector(Instruction.SS),
            CODE_SELECTOR = selector(Instruction.CS), ENTRY = State.at(CpuLayout.SPILL),
            FRAME = State.at(CpuLayout.SPILL + 8), POINTER = State.at(CpuLayout.SPILL + 16);

    private final Emission emission;
    private final Assembler asm;
    private final Branches branches;
    private final MemoryAccess memory;

    SoftwareInterrupts(Emission emission, Branches branches, MemoryAccess memory) {
        this.emission = emission;
        this.asm = emission.asm;
        this.branches = branches;
        this.memory = memory;
    }

    private static Address selector(int segment) {
        return State.at(CpuLayout.SELECTORS + 4 * segment);
    }

    /// The flags are in memory.
    void emit(Instruction insn, int index) {
        if (emission.logged) {
            emission.interpret(index);
            return;
        }
        boolean fromUser = !emission.translation.atCpl0();
        int slot = fromUser ? CpuLayout.INT_FROM_USER : CpuLayout.INT_FROM_KERNEL;
        memory.clobbered();
        require(slot, insn, fromUser, index);
        requireGate(slot, index);
        requireCode(slot, index);
        findFrame(slot, fromUser, index);
        asm.load(R14, State.at(slot + CpuLayout.INT_TARGET));
        branches.lookUp(State.at(CpuLayout.SUPERVISOR_ENTRIES), index);
        asm.store(ENTRY, R15);
        writeFrame(index);
        enter(slot, fromUser);
    }

    private void require(int slot, Instruction insn, boolean fromUser, int index) {
        asm.immediateOp(Assembler.CMP_IMM, 4, State.at(slot + CpuLayout.INT_VECTOR), (int) insn.immediate & 0xff);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        asm.testByte(State.at(CpuLayout.SYSTEM_FLAGS + AC_BYTE), AC_IN_BYTE);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        asm.load(R14, State.at(fromUser ? CpuLayout.USER_TLB : CpuLayout.SUPERVISOR_TLB));
        asm.op(Assembler.CMP_LOAD, 8, R14, FAST_TLB);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        if (fromUser) {
            asm.load(R14, State.at(CpuLayout.SUPERVISOR_TLB));
            asm.store(FAST_TLB, R14);
            emission.systemChanged();
        } else {
            asm.op(Assembler.LOAD, 4, R14, CODE_SELECTOR);
            asm.op(Assembler.CMP_LOAD, 4, R14, State.at(slot + CpuLayout.INT_CS));
            emission.interpretIf(Assembler.NOT_EQUAL, index);
        }
    }

    private void requireGate(int slot, int index) {
        asm.load(R15, State.at(slot + CpuLayout.INT_GATE_AT));
        asm.lea(R15, memory.access(Address.of(R15, 0), index, GATE_BYTES, false));
        asm.load(R14, Address.of(R15, 0));
        asm.op(Assembler.CMP_LOAD, 8, R14, State.at(slot + CpuLayout.INT_GATE));
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        asm.op(Assembler.LOAD, 4, R14, Address.of(R15, GATE_HIGH));
        asm.op(Assembler.CMP_LOAD, 4, R14, State.at(slot + CpuLayout.INT_GATE_HIGH));
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        memory.clobbered();
    }

    private void requireCode(int slot, int index) {
        asm.load(R15, State.at(slot + CpuLayout.INT_CODE_AT));
        asm.load(R14, memory.access(Address.of(R15, 0), index, DESCRIPTOR_BYTES, false));
        asm.op(Assembler.CMP_LOAD, 8, R14, State.at(slot + CpuLayout.INT_CODE));
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        memory.clobbered();
    }

    /// Checks where the frame will be, and remembers it: for the guest in POINTER, for the host in FRAME.
    private void findFrame(int slot, boolean fromUser, int index) {
        if (fromUser) {
            asm.load(R15, State.at(slot + CpuLayout.INT_STACK_AT));
            asm.load(R15, memory.access(Address.of(R15, 0), index, POINTER_BYTES, false));
        } else {
            asm.load(R15, State.at(slot + CpuLayout.INT_STACK_AT));
            asm.op(Assembler.TEST, 8, R15, R15);
            int present = asm.jumpIf(Assembler.EQUAL);
            asm.load(R15, memory.access(Address.of(R15, 0), index, POINTER_BYTES, false));
            int found = asm.jump();
            asm.land(present);
            asm.move(R15, State.GUEST_RSP);
            asm.land(found);
        }
        memory.clobbered();
        asm.immediateOp(Assembler.AND_IMM, 8, R15, STACK_MASK);
        asm.lea(R15, Address.of(R15, -FRAME_BYTES));
        asm.store(POINTER, R15);
        asm.lea(R15, memory.access(Address.of(R15, 0), index, FRAME_BYTES, true));
        asm.store(FRAME, R15);
        memory.clobbered();
    }

    private void writeFrame(int index) {
        asm.load(R15, FRAME);
        asm.op(Assembler.LOAD, 4, R14, STACK_SELECTOR);
        asm.store(Address.of(R15, SS), R14);
        asm.store(Address.of(R15, SP), State.GUEST_RSP);
        FlagInstructions.rflags(asm, R14);
        asm.store(Address.of(R15, FLAGS), R14);
        asm.op(Assembler.LOAD, 4, R14, CODE_SELECTOR);
        asm.store(Address.of(R15, CS), R14);
        asm.load(R14, PAGE_RIP);
        asm.lea(R14, Address.of(R14, emission.translation.end(index)));
        asm.store(Address.of(R15, IP), R14);
        asm.load(State.GUEST_RSP, POINTER);
    }

    private void enter(int slot, boolean fromUser) {
        asm.op(Assembler.LOAD, 4, R14, State.at(slot + CpuLayout.INT_FLAGS));
        asm.op(AND_STORE, 4, R14, SYSTEM_FLAGS);
        asm.op(Assembler.LOAD, 4, R14, State.at(slot + CpuLayout.INT_REQUESTS));
        asm.op(AND_STORE, 4, R14, REQUEST_MASK);
        asm.immediateOp(Assembler.ADD_IMM, 8, State.at(slot + CpuLayout.INT_COUNT), 1);
        if (fromUser) {
            asm.op(Assembler.LOAD, 4, R14, State.at(slot + CpuLayout.INT_CS));
            asm.op(Assembler.STORE, 4, R14, CODE_SELECTOR);
            asm.storeImmediate(STACK_SELECTOR, 0);
            asm.load(R14, State.at(CpuLayout.SUPERVISOR_ENTRIES));
            asm.store(State.at(CpuLayout.ENTRIES), R14);
            asm.storeImmediate(State.at(CpuLayout.TRANSFER), CpuLayout.TRANSFER_INT_FROM_USER);
        }
        asm.load(R14, State.at(slot + CpuLayout.INT_TARGET));
        asm.immediateOp(Assembler.AND_IMM, 8, R14, -PAGE_BYTES);
        asm.store(PAGE_RIP, R14);
        asm.load(R15, ENTRY);
        ReturnStack.clear(asm);
        branches.enter();
    }
}
