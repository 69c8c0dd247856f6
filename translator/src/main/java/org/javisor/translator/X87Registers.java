// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import org.javisor.cpu.CpuLayout;

/// The guest's x87 registers, which MMX's are a part of, while translated code runs: in memory until code that uses
/// them is entered, then in the host's, with control, status and tag word, until the way out stores them.
///
/// The pointers to the last instruction and its opcode stay in memory: what the host remembers is about its own code.
///
/// FRSTOR and FNSAVE know registers by their numbers in the stack, the processor's block by physical number. They take
/// less time than XRSTOR and XSAVE of this state alone, and FNSAVE leaves the unit as the ABI wants it.
///
/// @sdm vol. 1 §8.1.10 "Saving the x87 FPU's State with FSTENV/FNSTENV and FSAVE/FNSAVE"
final class X87Registers {
    private static final int FRSTOR = 0xdd, FRSTOR_EXTENSION = 4, FNSAVE = 0xdd, FNSAVE_EXTENSION = 6;
    private static final int MOVZX_WORD = Assembler.MAP_0F | 0xb7;
    private static final int COUNT = 8, BYTES = 10;
    /// In the image, of which each field of the environment has 4 bytes.
    private static final int FCW = 0, FSW = 4, FTW = 8, REGISTERS = 28;
    /// TOP is in bits 11 to 13 of the status word.
    private static final int TOP_TO_OFFSET = 7, OFFSET_MASK = (COUNT - 1) * 16;
    private static final Address STATE = State.at(CpuLayout.X87);

    private X87Registers() { }

    private static Address image(int offset) {
        return State.at(CpuLayout.X87_IMAGE + offset);
    }

    /// Emits a routine that loads them and returns; if they may not be used it drops the return address and goes on at
    /// its end. Uses R14 and R15, the latter only if they may.
    static void load(Assembler asm) {
        asm.testByte(STATE, CpuLayout.X87_USABLE);
        int unusable = asm.jumpIf(Assembler.EQUAL);
        loadWord(asm, CpuLayout.FCW, FCW);
        loadWord(asm, CpuLayout.FTW, FTW);
        loadWord(asm, CpuLayout.FSW, FSW);
        offsetOfTop(asm, Assembler.R14, Assembler.R15);
        for (int n = 0; n < COUNT; n++) {
            asm.load(Assembler.R15, register(Assembler.R14, 0));
            asm.store(image(REGISTERS + BYTES * n), Assembler.R15);
            asm.op(MOVZX_WORD, 4, Assembler.R15, register(Assembler.R14, 8));
            asm.op(Assembler.STORE, 2, Assembler.R15, image(REGISTERS + BYTES * n + 8));
            next(asm, Assembler.R14);
        }
        asm.op(FRSTOR, 4, FRSTOR_EXTENSION, image(0));
        asm.op(0xc6, 1, 0, STATE);
        asm.immediate(CpuLayout.X87_USABLE | CpuLayout.X87_LOADED, 1);
        asm.byte1(0xc3);
        asm.land(unusable);
        asm.lea(Assembler.RSP, Address.of(Assembler.RSP, 8));
    }

    private static void loadWord(Assembler asm, int from, int to) {
        asm.op(MOVZX_WORD, 4, Assembler.R15, State.at(from));
        asm.op(Assembler.STORE, 4, Assembler.R15, image(to));
    }

    /// Emits that they are stored if they are loaded. Uses RAX and RCX.
    static void store(Assembler asm) {
        asm.testByte(STATE, CpuLayout.X87_LOADED);
        int absent = asm.jumpIf(Assembler.EQUAL);
        asm.op(FNSAVE, 4, FNSAVE_EXTENSION, image(0));
        storeWord(asm, FCW, CpuLayout.FCW);
        storeWord(asm, FTW, CpuLayout.FTW);
        storeWord(asm, FSW, CpuLayout.FSW);
        offsetOfTop(asm, Assembler.RCX, Assembler.RAX);
        for (int n = 0; n < COUNT; n++) {
            asm.load(Assembler.RAX, image(REGISTERS + BYTES * n));
            asm.store(register(Assembler.RCX, 0), Assembler.RAX);
            asm.op(MOVZX_WORD, 4, Assembler.RAX, image(REGISTERS + BYTES * n + 8));
            asm.op(Assembler.STORE, 2, Assembler.RAX, register(Assembler.RCX, 8));
            next(asm, Assembler.RCX);
        }
        asm.land(absent);
    }

    private static void storeWord(Assembler asm, int from, int to) {
        asm.op(MOVZX_WORD, 4, Assembler.RAX, image(from));
        asm.op(Assembler.STORE, 2, Assembler.RAX, State.at(to));
    }

    /// Part of the register at an offset.
    private static Address register(int offset, int part) {
        return new Address(State.BASE, offset, 0, CpuLayout.FPR + part - State.BIAS);
    }

    /// The offset of ST(0) into `to`, from the status word in `status`.
    private static void offsetOfTop(Assembler asm, int to, int status) {
        asm.op(Assembler.LOAD, 4, to, status);
        asm.shift(Assembler.SHR_IMM, 4, to, TOP_TO_OFFSET);
        asm.immediateOp(Assembler.AND_IMM, 4, to, OFFSET_MASK);
    }

    private static void next(Assembler asm, int offset) {
        asm.immediateOp(Assembler.ADD_IMM, 4, offset, CpuLayout.FPR_STRIDE);
        asm.immediateOp(Assembler.AND_IMM, 4, offset, OFFSET_MASK);
    }
}
