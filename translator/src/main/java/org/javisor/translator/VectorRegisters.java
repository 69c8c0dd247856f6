// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import org.javisor.cpu.CpuLayout;

/// The guest's XMM and YMM registers while translated code runs: in memory until code that uses them is entered, then
/// all in the host's registers of the same numbers, until the way out stores them.
///
/// Code without VEX prefixes loads the XMM registers alone: it does not touch the upper halves, which stay in memory.
/// Host processors that are slow in such code while upper halves are not zero, or have been written, then see none.
/// Other code loads the whole registers.
///
/// Whether they may be used is for Java to say when translated code is entered, since all that changes it is done
/// there.
final class VectorRegisters {
    private static final int MOVUPS_LOAD = Assembler.MAP_0F | 0x10, MOVUPS_STORE = Assembler.MAP_0F | 0x11;
    private static final int VZEROUPPER = Assembler.MAP_0F | 0x77;
    private static final int VPOR = 0x66 << 16 | Assembler.MAP_0F | 0xeb, VPTEST = 0x66 << 16 | 0x217;
    private static final int COUNT = 16;
    private static final int HALF = 16;
    private static final int LOADED = CpuLayout.VECTORS_LOADED, WIDE = CpuLayout.VECTORS_WIDE;
    private static final Address STATE = State.at(CpuLayout.VECTORS);

    private VectorRegisters() { }

    /// Emits a routine that loads XMM registers and returns. If they may not be used it drops the return address and
    /// goes on at its end.
    static void load(Assembler asm, boolean hasAvx) {
        asm.testByte(STATE, CpuLayout.VECTORS_USABLE);
        int unusable = asm.jumpIf(Assembler.EQUAL);
        if (hasAvx) {
            asm.vexPlain(VZEROUPPER, 0);
        }
        loadLower(asm);
        loaded(asm, LOADED);
        asm.land(unusable);
        dropReturnAddress(asm);
    }

    /// As [#load], for YMM registers; XMM registers may be loaded already.
    static void loadWide(Assembler asm) {
        asm.testByte(STATE, CpuLayout.VECTORS_WIDE_USABLE);
        int unusable = asm.jumpIf(Assembler.EQUAL);
        asm.testByte(STATE, LOADED);
        int inMemory = asm.jumpIf(Assembler.EQUAL);
        storeLower(asm);
        asm.land(inMemory);
        int clean = jumpIfUpperHalvesAreZero(asm);
        moveWide(asm, MOVUPS_LOAD);
        loaded(asm, LOADED | WIDE);
        asm.land(clean);
        asm.vexPlain(VZEROUPPER, 0);
        loadLower(asm);
        loaded(asm, LOADED | WIDE);
        asm.land(unusable);
        dropReturnAddress(asm);
    }

    /// Loading zeros into upper halves would be writing them. Destroys XMM0.
    private static int jumpIfUpperHalvesAreZero(Assembler asm) {
        asm.vex(MOVUPS_LOAD, 0, 0, 0, State.vector(0).plus(HALF));
        for (int reg = 1; reg < COUNT; reg++) {
            asm.vex(VPOR, 0, 0, 0, State.vector(reg).plus(HALF));
        }
        asm.vex(VPTEST, 0, 0, 0, 0);
        return asm.jumpIf(Assembler.EQUAL);
    }

    private static void loaded(Assembler asm, int bits) {
        asm.op(0x80, 1, Assembler.OR_IMM, STATE);
        asm.immediate(bits, 1);
        asm.byte1(0xc3);
    }

    private static void dropReturnAddress(Assembler asm) {
        asm.lea(Assembler.RSP, Address.of(Assembler.RSP, 8));
    }

    /// Emits that they are stored if they are loaded, and that no upper half is in use.
    static void store(Assembler asm, boolean hasAvx) {
        asm.testByte(STATE, LOADED);
        int absent = asm.jumpIf(Assembler.EQUAL);
        if (hasAvx) {
            asm.testByte(STATE, WIDE);
            int narrow = asm.jumpIf(Assembler.EQUAL);
            moveWide(asm, MOVUPS_STORE);
            asm.vexPlain(VZEROUPPER, 0);
            int done = asm.jump();
            asm.land(narrow);
            storeLower(asm);
            asm.land(done);
        } else {
            storeLower(asm);
        }
        asm.land(absent);
    }

    /// Emits that they are loaded again, if they are, behind [#store] and what destroyed them.
    static void restore(Assembler asm, boolean hasAvx) {
        asm.testByte(STATE, LOADED);
        int absent = asm.jumpIf(Assembler.EQUAL);
        if (hasAvx) {
            asm.testByte(STATE, WIDE);
            int narrow = asm.jumpIf(Assembler.EQUAL);
            int clean = jumpIfUpperHalvesAreZero(asm);
            moveWide(asm, MOVUPS_LOAD);
            int done = asm.jump();
            asm.land(clean);
            asm.vexPlain(VZEROUPPER, 0);
            asm.land(narrow);
            loadLower(asm);
            asm.land(done);
        } else {
            loadLower(asm);
        }
        asm.land(absent);
    }

    private static void storeLower(Assembler asm) {
        for (int reg = 0; reg < COUNT; reg++) {
            asm.op(MOVUPS_STORE, 4, reg, State.vector(reg));
        }
    }

    private static void loadLower(Assembler asm) {
        for (int reg = 0; reg < COUNT; reg++) {
            asm.op(MOVUPS_LOAD, 4, reg, State.vector(reg));
        }
    }

    private static void moveWide(Assembler asm, int opcode) {
        for (int reg = 0; reg < COUNT; reg++) {
            asm.vex(opcode, Assembler.VEX_L, reg, 0, State.vector(reg));
        }
    }
}
