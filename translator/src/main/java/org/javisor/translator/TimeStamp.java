// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.RAX;
import static org.javisor.translator.Assembler.RCX;
import static org.javisor.translator.Assembler.RDI;
import static org.javisor.translator.Assembler.RDX;
import static org.javisor.translator.Assembler.RSI;
import static org.javisor.translator.Assembler.RSP;

import org.javisor.cpu.CpuLayout;
import org.javisor.host.MonotonicClock;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;

/// RDTSC and RDTSCP. The guest's counter is the host's monotonic clock minus TSC_ORIGIN, as it is for Java,
/// which timers go by: so host code asks the C library for the time, as the JVM does. The host's own counter
/// would drift away.
///
/// From TSC_LIMIT on they are left to the interpreter, which looks whether anything in the machine is late before it
/// tells the time: a guest that saw time pass without its timer's interrupts, because the host did not run the clock's
/// thread, would take the timer for broken. Where the guest's time is not the host's, or stands still, that is always.
final class TimeStamp {
    /// CR4.TSD, in its lowest byte.
    private static final int TSD = 4;
    private static final int NANOS_PER_SECOND = 1_000_000_000;
    /// Those that a C function may change; what else the guest has in the host's registers it keeps.
    private static final int[] CHANGED = {RAX, RCX, RDX, RSI, RDI, 8, 9, 10, 11};
    private static final int IMUL_IMM = 0x69, ADD_LOAD = 0x03, SUB_LOAD = 0x2b, CMP_LOAD = 0x3b;
    private static final int MOV_IMM = 0xb8, RET = 0xc3, CLC = 0xf8, STC = 0xf9;
    private static final int TIME_BYTES = 16;
    private static final Address SECONDS = Address.of(RSP, 0), NANOS = Address.of(RSP, 8);

    private final Emission emission;
    private final Assembler asm;

    TimeStamp(Emission emission) {
        this.emission = emission;
        this.asm = emission.asm;
    }

    static boolean handles(Mnemonic mnemonic) {
        return mnemonic == Mnemonic.RDTSC || mnemonic == Mnemonic.RDTSCP;
    }

    void emit(Instruction insn, int index) {
        emission.flags.spill();
        if (!emission.translation.atCpl0()) {
            asm.testByte(State.at(CpuLayout.CR4), TSD);
            emission.interpretIf(Assembler.NOT_EQUAL, index);
        }
        emission.callReadTime();
        emission.interpretIf(Assembler.BELOW, index);
        if (insn.mnemonic() == Mnemonic.RDTSCP) {
            asm.op(Assembler.LOAD, 4, RCX, State.at(CpuLayout.TSC_AUX));
        }
    }

    /// Emits the routine that gives the counter in EDX and EAX, or sets CF. The C library's function reads numbers from
    /// memory and calculates with integers, so that the guest's MXCSR and x87 state do not matter to it; but it may
    /// move data through vector registers.
    ///
    /// The way in has left the stack so that it is aligned for 16 bytes behind one return address, as a function's
    /// caller has it.
    ///
    /// @param clock host address of the function
    static void emitRoutine(Assembler asm, boolean hasAvx, long clock) {
        for (int reg : CHANGED) {
            asm.store(State.general(reg), reg);
        }
        VectorRegisters.store(asm, hasAvx);
        readClock(asm, clock);
        VectorRegisters.restore(asm, hasAvx);
        for (int reg : CHANGED) {
            if (reg != RAX && reg != RDX) {
                asm.load(reg, State.general(reg));
            }
        }
        asm.op(CMP_LOAD, 8, RAX, State.at(CpuLayout.TSC_LIMIT));
        int tooLate = asm.jumpIf(Assembler.GREATER_OR_EQUAL);
        asm.op(SUB_LOAD, 8, RAX, State.at(CpuLayout.TSC_ORIGIN));
        asm.move(RDX, RAX);
        asm.shift(Assembler.SHR_IMM, 8, RDX, 32);
        asm.op(Assembler.LOAD, 4, RAX, RAX);
        asm.bytes(CLC, RET);
        asm.land(tooLate);
        asm.load(RAX, State.general(RAX));
        asm.load(RDX, State.general(RDX));
        asm.bytes(STC, RET);
    }

    /// Emits that RAX becomes the host's time in nanoseconds.
    private static void readClock(Assembler asm, long clock) {
        asm.lea(RSP, Address.of(RSP, -TIME_BYTES));
        asm.byte1(MOV_IMM | RDI);
        asm.immediate(MonotonicClock.ID, 4);
        asm.move(RSI, RSP);
        asm.bytes(0x48, MOV_IMM | RAX);
        asm.immediate(clock, 8);
        asm.op(0xff, 4, 2, RAX);
        asm.op(IMUL_IMM, 8, RAX, SECONDS);
        asm.immediate(NANOS_PER_SECOND, 4);
        asm.op(ADD_LOAD, 8, RAX, NANOS);
        asm.lea(RSP, Address.of(RSP, TIME_BYTES));
    }
}
