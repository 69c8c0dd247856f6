// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import org.javisor.cpu.CpuLayout;

/// The guest's XMM registers while translated code runs: in memory until code that uses them is entered, then all in the
/// host's registers of the same numbers, until the way out stores them.
///
/// Whether they may be used is for Java to say when translated code is entered, since all that changes it is done there.
final class VectorRegisters {
    private static final int MOVUPS_LOAD = Assembler.MAP_0F | 0x10, MOVUPS_STORE = Assembler.MAP_0F | 0x11;
    private static final int COUNT = 16;
    private static final Address STATE = State.at(CpuLayout.VECTORS);

    private VectorRegisters() { }

    /// Emits a routine that loads them and returns; if they may not be used it drops the return address and goes on at
    /// its end.
    static void load(Assembler asm) {
        asm.testByte(STATE, CpuLayout.VECTORS_USABLE);
        int unusable = asm.jumpIf(Assembler.EQUAL);
        for (int reg = 0; reg < COUNT; reg++) {
            asm.op(MOVUPS_LOAD, 4, reg, State.vector(reg));
        }
        asm.op(0xc6, 1, 0, STATE);
        asm.immediate(CpuLayout.VECTORS_USABLE | CpuLayout.VECTORS_LOADED, 1);
        asm.byte1(0xc3);
        asm.land(unusable);
        asm.lea(Assembler.RSP, Address.of(Assembler.RSP, 8));
    }

    /// Emits that they are stored if they are loaded.
    static void store(Assembler asm) {
        asm.testByte(STATE, CpuLayout.VECTORS_LOADED);
        int absent = asm.jumpIf(Assembler.EQUAL);
        for (int reg = 0; reg < COUNT; reg++) {
            asm.op(MOVUPS_STORE, 4, reg, State.vector(reg));
        }
        asm.land(absent);
    }
}
