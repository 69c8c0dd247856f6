// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;

import java.util.ArrayList;
import java.util.List;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuLayout;
import org.javisor.isa.Instruction;

/// The routine that exits lead to which tell of an access that the TLB did not let pass: it delivers the page fault
/// that the walk has found, to a 64-bit kernel, from programs and from the kernel itself. What it does not know it
/// leaves to Java, by the way out, and then nothing has changed.
///
/// Gate and code segment have to be what they were when Java last delivered the same; `KnownGates` in `cpu` tells them.
/// The stack is read from the TSS, all of the frame has to be in one page that may be written, and the handler's entry
/// is known. Left to Java are faults with AC set, where the walk was for another page or another kind of access than
/// the instruction's own, and accesses that may reach into a second page.
///
/// @sdm vol. 3A §6.14 "Exception and Interrupt Handling in 64-bit Mode", §6.15 "Interrupt 14—Page-Fault Exception
///     (#PF)"
final class PageFaults {
    private static final int ERROR = 0, IP = 8, CS = 16, FLAGS = 24, SP = 32, SS = 40, FRAME_BYTES = 48;
    private static final int VECTOR = 14, ERROR_BITS = 0xff, RF = 1 << 16;
    private static final int GATE_BYTES = 12, GATE_HIGH = 8, DESCRIPTOR_BYTES = 8, POINTER_BYTES = 8, STACK_MASK = -16;
    private static final int AC_BYTE = 2, AC_IN_BYTE = 1 << 2, PAGE_BYTES = 4096;
    private static final int ADD_LOAD = 0x03, SUB_STORE = 0x29, AND_STORE = 0x21, XOR_LOAD = 0x33, MOV_IMM = 0xc7,
            CMP_BYTE = 0x80, CMP_EXTENSION = 7, CMOVE = Assembler.MAP_0F | 0x44;
    private static final Address FAULT = State.at(CpuLayout.FAULT), WALKED = State.at(CpuLayout.FAULT_ADDRESS),
            MISSED_READ = State.at(CpuLayout.MISSED_READ), MISSED_WRITE = State.at(CpuLayout.MISSED_WRITE),
            SUPERVISOR_TLB = State.at(CpuLayout.SUPERVISOR_TLB), PAGE_RIP = State.at(CpuLayout.PAGE_RIP),
            SUPERVISOR_ENTRIES = State.at(CpuLayout.SUPERVISOR_ENTRIES), STACK_SELECTOR = selector(Instruction.SS),
            CODE_SELECTOR = selector(Instruction.CS);
    private static final Address EXIT = word(0), ENTRY = word(1), FRAME = word(2), POINTER = word(3);

    private final Assembler asm;
    private final List<Integer> refusals = new ArrayList<>();

    private PageFaults(Assembler asm) {
        this.asm = asm;
    }

    private static Address selector(int segment) {
        return State.at(CpuLayout.SELECTORS + 4 * segment);
    }

    private static Address word(int n) {
        return State.at(CpuLayout.FAULT_WORDS + 8 * n);
    }

    /// The jumps to the way out, with the exit in R15.
    private final List<Integer> leaving = new ArrayList<>();
    private int fetch, start;

    /// Emits the routine. It expects the exit in R15, where that is in its page in FAULT_OFFSET, and the flags in
    /// memory, and uses R14.
    static PageFaults emitRoutine(Assembler asm) {
        PageFaults routine = new PageFaults(asm);
        routine.emit();
        return routine;
    }

    /// The jumps to the way out.
    List<Integer> leaving() {
        return leaving;
    }

    /// Where in the routine exits lead.
    int start() {
        return start;
    }

    /// Where in the routine a branch leads whose target cannot be fetched, which FAULT_ADDRESS has.
    int fetch() {
        return fetch;
    }

    private void emit() {
        fetch = asm.length();
        int fetched = emitFetch();
        int entry = asm.length();
        emitAccess(fetched);
        start = entry;
    }

    /// @return the jump to where the fault is delivered
    private int emitFetch() {
        asm.load(R14, WALKED);
        asm.store(State.at(CpuLayout.RIP), R14);
        asm.immediateOp(Assembler.AND_IMM, 4, R14, PAGE_BYTES - 1);
        asm.op(Assembler.STORE, 4, R14, State.at(CpuLayout.FAULT_OFFSET));
        asm.storeImmediate(State.at(CpuLayout.FAULT_AHEAD), 0);
        asm.storeImmediate(R15, (int) BlockTranslator.exit(0, BlockTranslator.REACHED, 0));
        asm.store(EXIT, R15);
        return asm.jump();
    }

    private void emitAccess(int fetched) {
        asm.immediateOp(Assembler.CMP_IMM, 4, FAULT, 0);
        leaving.add(asm.jumpIf(Assembler.EQUAL));
        asm.store(EXIT, R15);
        asm.op(CMP_BYTE, 1, CMP_EXTENSION, State.at(CpuLayout.STRADDLED));
        asm.immediate(0, 1);
        refuseIf(Assembler.NOT_EQUAL);
        checkAddress();
        asm.land(fetched);
        asm.testByte(State.at(CpuLayout.SYSTEM_FLAGS + AC_BYTE), AC_IN_BYTE);
        refuseIf(Assembler.NOT_EQUAL);
        asm.testByte(FAULT, CpuLayout.FAULT_USER);
        int fromKernel = asm.jumpIf(Assembler.EQUAL);
        deliver(CpuLayout.FAULT_FROM_USER, true);
        asm.land(fromKernel);
        deliver(CpuLayout.FAULT_FROM_KERNEL, false);
        refusals.forEach(asm::land);
        asm.load(R15, EXIT);
        leaving.add(asm.jump());
    }

    private void refuseIf(int condition) {
        refusals.add(asm.jumpIf(condition));
    }

    /// Has FAULT_ADDRESS become that of the instruction's access.
    private void checkAddress() {
        asm.testByte(FAULT, CpuLayout.FAULT_WRITE);
        asm.load(R14, MISSED_READ);
        int read = asm.jumpIf(Assembler.EQUAL);
        asm.load(R14, MISSED_WRITE);
        asm.land(read);
        asm.op(Assembler.TEST, 8, R14, R14);
        refuseIf(Assembler.EQUAL);
        asm.move(R15, R14);
        asm.op(XOR_LOAD, 8, R15, WALKED);
        asm.immediateOp(Assembler.CMP_IMM, 8, R15, PAGE_BYTES);
        refuseIf(Assembler.ABOVE_OR_EQUAL);
        asm.store(WALKED, R14);
        asm.immediateOp(Assembler.AND_IMM, 4, R14, PAGE_BYTES - 1);
        asm.immediateOp(Assembler.CMP_IMM, 4, R14, PAGE_BYTES - CpuLayout.LARGEST_ACCESS);
        refuseIf(Assembler.ABOVE);
    }

    private void deliver(int slot, boolean fromUser) {
        asm.immediateOp(Assembler.CMP_IMM, 4, State.at(slot + CpuLayout.INT_VECTOR), VECTOR);
        refuseIf(Assembler.NOT_EQUAL);
        if (!fromUser) {
            asm.op(Assembler.LOAD, 4, R14, CODE_SELECTOR);
            asm.op(Assembler.CMP_LOAD, 4, R14, State.at(slot + CpuLayout.INT_CS));
            refuseIf(Assembler.NOT_EQUAL);
        }
        requireGate(slot);
        findFrame(slot, fromUser);
        findHandler(slot);
        writeFrame();
        enter(slot, fromUser);
    }

    /// Has R15, a linear address, become the host's, for an access by the processor itself.
    private void translate(int bytes, int tag) {
        asm.move(R14, R15);
        asm.shift(Assembler.SHR_IMM, 4, R14, CpuLayout.TLB_INDEX_SHIFT);
        asm.immediateOp(Assembler.AND_IMM, 4, R14, CpuLayout.TLB_INDEX_MASK);
        asm.op(ADD_LOAD, 8, R14, SUPERVISOR_TLB);
        asm.op(XOR_LOAD, 8, R15, Address.of(R14, tag));
        asm.immediateOp(Assembler.CMP_IMM, 8, R15, PAGE_BYTES - bytes);
        refuseIf(Assembler.ABOVE);
        asm.op(ADD_LOAD, 8, R15, Address.of(R14, CpuLayout.TLB_HOST));
    }

    private void requireGate(int slot) {
        asm.load(R15, State.at(slot + CpuLayout.INT_GATE_AT));
        translate(GATE_BYTES, CpuLayout.TLB_READ);
        asm.load(R14, Address.of(R15, 0));
        asm.op(Assembler.CMP_LOAD, 8, R14, State.at(slot + CpuLayout.INT_GATE));
        refuseIf(Assembler.NOT_EQUAL);
        asm.op(Assembler.LOAD, 4, R14, Address.of(R15, GATE_HIGH));
        asm.op(Assembler.CMP_LOAD, 4, R14, State.at(slot + CpuLayout.INT_GATE_HIGH));
        refuseIf(Assembler.NOT_EQUAL);
        asm.load(R15, State.at(slot + CpuLayout.INT_CODE_AT));
        translate(DESCRIPTOR_BYTES, CpuLayout.TLB_READ);
        asm.load(R14, Address.of(R15, 0));
        asm.op(Assembler.CMP_LOAD, 8, R14, State.at(slot + CpuLayout.INT_CODE));
        refuseIf(Assembler.NOT_EQUAL);
    }

    /// Where the frame will be: for the guest in POINTER, for the host in FRAME.
    private void findFrame(int slot, boolean fromUser) {
        asm.load(R15, State.at(slot + CpuLayout.INT_STACK_AT));
        int present = 0;
        if (!fromUser) {
            asm.op(Assembler.TEST, 8, R15, R15);
            asm.op(CMOVE, 8, R15, State.GUEST_RSP);
            present = asm.jumpIf(Assembler.EQUAL);
        }
        translate(POINTER_BYTES, CpuLayout.TLB_READ);
        asm.load(R15, Address.of(R15, 0));
        if (!fromUser) {
            asm.land(present);
        }
        asm.immediateOp(Assembler.AND_IMM, 8, R15, STACK_MASK);
        asm.lea(R15, Address.of(R15, -FRAME_BYTES));
        asm.store(POINTER, R15);
        translate(FRAME_BYTES, CpuLayout.TLB_WRITE);
        asm.store(FRAME, R15);
    }

    private void findHandler(int slot) {
        asm.load(R14, State.at(slot + CpuLayout.INT_TARGET));
        EntryLookup.find(asm, SUPERVISOR_ENTRIES);
        int found = asm.jumpIf(Assembler.EQUAL);
        EntryLookup.findSecond(asm, SUPERVISOR_ENTRIES);
        refuseIf(Assembler.NOT_EQUAL);
        asm.land(found);
        asm.store(ENTRY, R15);
    }

    private void writeFrame() {
        asm.load(R15, FRAME);
        asm.op(Assembler.LOAD, 4, R14, STACK_SELECTOR);
        asm.store(Address.of(R15, SS), R14);
        asm.store(Address.of(R15, SP), State.GUEST_RSP);
        FlagInstructions.rflags(asm, R14);
        asm.immediateOp(Assembler.OR_IMM, 4, R14, RF);
        asm.store(Address.of(R15, FLAGS), R14);
        asm.op(Assembler.LOAD, 4, R14, CODE_SELECTOR);
        asm.store(Address.of(R15, CS), R14);
        asm.op(Assembler.LOAD, 4, R14, State.at(CpuLayout.FAULT_OFFSET));
        asm.op(ADD_LOAD, 8, R14, PAGE_RIP);
        asm.store(Address.of(R15, IP), R14);
        asm.op(Assembler.LOAD, 4, R14, FAULT);
        asm.immediateOp(Assembler.AND_IMM, 4, R14, ERROR_BITS);
        asm.store(Address.of(R15, ERROR), R14);
        asm.load(State.GUEST_RSP, POINTER);
        asm.load(R14, WALKED);
        asm.store(State.at(CpuLayout.CR2), R14);
    }

    private void enter(int slot, boolean fromUser) {
        forget(MISSED_READ);
        forget(MISSED_WRITE);
        asm.op(Assembler.LOAD, 4, R14, State.at(CpuLayout.FAULT_AHEAD));
        asm.op(SUB_STORE, 8, R14, State.at(CpuLayout.INSTRUCTIONS));
        asm.op(Assembler.LOAD, 4, R14, State.at(slot + CpuLayout.INT_FLAGS));
        asm.op(AND_STORE, 4, R14, State.at(CpuLayout.SYSTEM_FLAGS));
        asm.op(Assembler.LOAD, 4, R14, State.at(slot + CpuLayout.INT_REQUESTS));
        asm.op(AND_STORE, 4, R14, State.at(CpuLayout.REQUEST_MASK));
        asm.immediateOp(Assembler.ADD_IMM, 8, State.at(slot + CpuLayout.INT_COUNT), 1);
        asm.immediateOp(Assembler.ADD_IMM, 8, State.at(CpuLayout.WALK_FAULTS), 1);
        if (fromUser) {
            asm.op(Assembler.LOAD, 4, R14, State.at(slot + CpuLayout.INT_CS));
            asm.op(Assembler.STORE, 4, R14, CODE_SELECTOR);
            asm.storeImmediate(STACK_SELECTOR, 0);
            asm.load(R14, SUPERVISOR_TLB);
            asm.store(State.at(CpuLayout.FAST_TLB), R14);
            asm.load(R14, SUPERVISOR_ENTRIES);
            asm.store(State.at(CpuLayout.ENTRIES), R14);
            asm.storeImmediate(State.at(CpuLayout.TRANSFER), CpuLayout.TRANSFER_FAULT_FROM_USER);
        }
        asm.load(R14, State.at(slot + CpuLayout.INT_TARGET));
        asm.immediateOp(Assembler.AND_IMM, 8, R14, -PAGE_BYTES);
        asm.store(PAGE_RIP, R14);
        asm.load(R15, ENTRY);
        ReturnStack.clear(asm);
        EntryLookup.enter(asm);
    }

    private void forget(Address missed) {
        asm.op(MOV_IMM, 8, 0, missed);
        asm.immediate(0, 4);
    }
}
