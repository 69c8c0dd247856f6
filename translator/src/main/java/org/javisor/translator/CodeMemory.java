// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.javisor.cpu.CpuLayout;
import org.javisor.host.CodeMapping;
import org.javisor.host.HostCode;
import org.javisor.host.HostMemory;

/// Executable memory: at its beginning the way into translated code and out of it, and what
/// loads vector and x87 registers, and string instructions; then translations one after another.
final class CodeMemory implements AutoCloseable {
    private static final int[] SAVED = {Assembler.RBX, Assembler.RBP, 12, 13, 14, 15};
    private static final int LDMXCSR = Assembler.MAP_0F | 0xae, STMXCSR = LDMXCSR;
    private static final int LDMXCSR_EXTENSION = 2, STMXCSR_EXTENSION = 3;
    // SysV ABI: the first two arguments.
    private static final int STATE = Assembler.RDI, ENTRY = Assembler.RSI;
    private static final int ALIGNMENT = 16;

    private final CodeMapping mapping;
    private final HostCode enter;
    private final long leave;
    private final long leaveWithFlags;
    private final long returnElsewhere;
    private final long loadVectors;
    private final long loadWideVectors;
    private final long loadX87;
    private final long readTime;
    private final long invalidatePage;
    private final long walkToRead;
    private final long walkToWrite;
    private final long walkToFetch;
    private final long fault;
    private final long faultWithFlags;
    private final Map<StringRoutine, Long> stringRoutines = new HashMap<>();
    private long next;

    /// @param clock address of the function that [TimeStamp] calls, or 0
    CodeMemory(CodeMapping mapping, boolean hasAvx, long clock) {
        this.mapping = mapping;
        next = mapping.hva();
        Assembler way = new Assembler();
        int another = ReturnStack.emitElsewhere(way);
        long empty = place(way);
        returnElsewhere = empty + another;
        way.reset();
        wayIn(way, empty);
        long entry = place(way);
        way.reset();
        wayOut(way, hasAvx);
        leave = place(way);
        way.reset();
        FlagState.saveOnWayOut(way);
        leaveWithFlags = placeAndLeave(way);
        way.reset();
        VectorRegisters.load(way, hasAvx);
        loadVectors = placeAndLeave(way);
        way.reset();
        if (hasAvx) {
            VectorRegisters.loadWide(way);
        }
        loadWideVectors = placeAndLeave(way);
        way.reset();
        X87Registers.load(way);
        loadX87 = placeAndLeave(way);
        way.reset();
        TimeStamp.emitRoutine(way, hasAvx, clock);
        readTime = place(way);
        way.reset();
        PageInvalidation.emitRoutine(way);
        invalidatePage = place(way);
        walkToRead = placeWalk(way, false);
        walkToWrite = placeWalk(way, true);
        way.reset();
        PageFaults faults = PageFaults.emitRoutine(way);
        for (int jump : faults.leaving()) {
            way.patch4(jump, (int) (leave - (next + jump + 4)));
        }
        long delivery = place(way);
        fault = delivery + faults.start();
        way.reset();
        int toDelivery = PageWalk.emitFetchRoutine(way);
        way.patch4(toDelivery, (int) (delivery + faults.fetch() - (next + toDelivery + 4)));
        walkToFetch = place(way);
        way.reset();
        FlagState.saveOnWayOut(way);
        faultWithFlags = placeAndGo(way, fault);
        for (StringRoutine routine : StringRoutine.all()) {
            way.reset();
            routine.emit(way, (int) (walkToRead - next), (int) (walkToWrite - next));
            stringRoutines.put(routine, place(way));
        }
        // SAFETY: the code keeps what the ABI says a function keeps (six registers, MXCSR, the x87 unit), uses the
        // stack only for them, the frames of the return stack, two return addresses and two words, and reaches memory
        // only through the processor's block and TLB.
        enter = HostCode.function(entry);
    }

    /// Puts code there that goes on at the way out.
    private long placeAndLeave(Assembler asm) {
        return placeAndGo(asm, leave);
    }

    private long placeAndGo(Assembler asm, long there) {
        int jump = asm.jump();
        asm.patch4(jump, (int) (there - (next + asm.length())));
        return place(asm);
    }

    private long placeWalk(Assembler asm, boolean write) {
        asm.reset();
        PageWalk.emitRoutine(asm, write);
        return place(asm);
    }

    private static void wayIn(Assembler asm, long empty) {
        for (int reg : SAVED) {
            asm.push(reg);
        }
        asm.lea(State.BASE, Address.of(STATE, State.BIAS));
        asm.move(Assembler.R14, ENTRY);
        ReturnStack.begin(asm, empty);
        asm.op(STMXCSR, 4, STMXCSR_EXTENSION, State.at(CpuLayout.HOST_MXCSR));
        asm.op(LDMXCSR, 4, LDMXCSR_EXTENSION, State.at(CpuLayout.MXCSR));
        for (int reg = 0; reg < 12; reg++) {
            asm.load(State.host(reg), State.general(reg));
        }
        asm.op(0xff, 4, 4, Assembler.R14);
    }

    /// Expects the exit in R15.
    private static void wayOut(Assembler asm, boolean hasAvx) {
        for (int reg = 0; reg < 12; reg++) {
            asm.store(State.general(reg), State.host(reg));
        }
        VectorRegisters.store(asm, hasAvx);
        X87Registers.store(asm);
        asm.op(STMXCSR, 4, STMXCSR_EXTENSION, State.at(CpuLayout.MXCSR));
        asm.op(LDMXCSR, 4, LDMXCSR_EXTENSION, State.at(CpuLayout.HOST_MXCSR));
        asm.move(Assembler.RAX, Assembler.R15);
        ReturnStack.end(asm);
        for (int i = SAVED.length - 1; i >= 0; i--) {
            asm.pop(SAVED[i]);
        }
        asm.byte1(0xc3);
    }

    long enter(long state, long entry) {
        return enter.call(state, entry);
    }

    /// Host address of the way out.
    long leave() {
        return leave;
    }

    /// As [#leave], where the guest's flags are in the host's.
    long leaveWithFlags() {
        return leaveWithFlags;
    }

    /// Host address of what delivers the page fault that a walk has found, or else takes the way out.
    long fault() {
        return fault;
    }

    /// As [#fault], where the guest's flags are in the host's.
    long faultWithFlags() {
        return faultWithFlags;
    }

    /// Host address of where a return goes whose frame was another one's. See [ReturnStack].
    long returnElsewhere() {
        return returnElsewhere;
    }

    /// Host address of what loads the XMM registers and returns to its caller; or takes the way out, with the exit in
    /// R15, if the guest may not use them.
    long loadVectors() {
        return loadVectors;
    }

    /// As [#loadVectors], for YMM registers.
    long loadWideVectors() {
        return loadWideVectors;
    }

    /// As [#loadVectors], of the x87 registers.
    long loadX87() {
        return loadX87;
    }

    /// Host address of what has the guest's RDX and RAX become its time stamp counter and clears CF, or sets CF. It
    /// keeps all else but the host's flags.
    long readTime() {
        return readTime;
    }

    /// Host address of what forgets the page of the address in R15, for which it needs R14. ZF tells whether it did.
    long invalidatePage() {
        return invalidatePage;
    }

    /// Host address of what enters the page of the address in R15 into the TLB, for which it needs R14. ZF tells
    /// whether it did.
    long walk(boolean write) {
        return write ? walkToWrite : walkToRead;
    }

    /// Host address of what finds out whether the instruction at the address in R14 cannot be fetched. See
    /// [PageWalk#emitFetchRoutine].
    long walkToFetch() {
        return walkToFetch;
    }

    /// Host address of a routine for a repeated string instruction.
    long routine(StringRoutine routine) {
        return stringRoutines.get(routine);
    }

    private long place(Assembler asm) {
        long at = next;
        place(asm, at);
        next = at + asm.length() + ALIGNMENT - 1 & -ALIGNMENT;
        return at;
    }

    /// Puts code at host address `at`.
    void place(Assembler asm, long at) {
        place(asm.bytes(), at);
    }

    /// As above.
    void place(byte[] code, long at) {
        MemorySegment.copy(MemorySegment.ofArray(code), 0,
                HostMemory.segment(at + mapping.toWritable(), code.length), 0, code.length);
    }

    /// Overwrites 4 bytes of code.
    void storeInt(long hva, int value) {
        HostMemory.storeInt(hva + mapping.toWritable(), value);
    }

    /// Overwrites 8 bytes of code.
    void storeLong(long hva, long value) {
        HostMemory.storeLong(hva + mapping.toWritable(), value);
    }

    long base() {
        return mapping.hva();
    }

    /// Where translations may be placed.
    long free() {
        return next;
    }

    long end() {
        return mapping.hva() + mapping.bytes();
    }

    @Override
    public void close() {
        mapping.close();
    }
}
