// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import org.javisor.cpu.CpuLayout;

/// Where the guest's arithmetic flags are while a block is translated: in the host's flags, in memory (FLAGS_RAW), or
/// both. They go to memory only when an instruction of our own is about to destroy them.
final class FlagState {
    /// LAHF's flags are in the second byte: CF, PF, AF, ZF, SF as in RFLAGS. The first is OF.
    private static final Address RAW = State.at(CpuLayout.FLAGS_RAW), LOW = State.at(CpuLayout.FLAGS_RAW + 1);
    private static final int SETO = Assembler.MAP_0F | 0x90, MOVZX_WORD = Assembler.MAP_0F | 0xb7;
    private static final int BT_IMM = Assembler.MAP_0F | 0xba, BT_EXTENSION = 4;
    private static final int LAHF = 0x9f, SAHF = 0x9e;

    private final Assembler asm;
    private boolean inHost;
    private boolean inMemory = true;

    FlagState(Assembler asm) {
        this.asm = asm;
    }

    /// The instruction just emitted has set all flags that it does not preserve.
    void set() {
        inHost = true;
        inMemory = false;
    }

    /// Sees to it that memory has them; the host's flags stay. Uses R14.
    void save() {
        if (inMemory) {
            return;
        }
        asm.move(Assembler.R14, Assembler.RAX);
        store(asm);
        asm.move(Assembler.RAX, Assembler.R14);
        inMemory = true;
    }

    /// Emits that the host's flags go to memory. Uses RAX.
    static void store(Assembler asm) {
        asm.byte1(LAHF);
        asm.op(SETO, 1, 0, Assembler.RAX);
        asm.op(Assembler.STORE, 2, Assembler.RAX, RAW);
    }

    /// The host's flags are about to be destroyed.
    void spill() {
        save();
        inHost = false;
    }

    /// Sees to it that the host has them all. Uses R14.
    void need() {
        if (inHost) {
            return;
        }
        asm.move(Assembler.R14, Assembler.RAX);
        asm.op(MOVZX_WORD, 4, Assembler.RAX, RAW);
        // 127 + 1 overflows.
        asm.bytes(0x04, 0x7f);
        asm.byte1(SAHF);
        asm.move(Assembler.RAX, Assembler.R14);
        inHost = true;
    }

    /// Sees to it that the host has CF, for an instruction that sets all others.
    void needCarry() {
        if (!inHost) {
            asm.op(BT_IMM, 4, BT_EXTENSION, LOW);
            asm.byte1(0);
        }
    }

    /// Emits a jump for a condition of the guest's, its distance at a multiple of 4.
    ///
    /// @return where the distance is, to be patched
    int jumpIf(int condition) {
        int mask = switch (condition & ~1) {
            case Assembler.BELOW -> 0x01;
            case Assembler.EQUAL -> 0x40;
            case Assembler.BELOW_OR_EQUAL -> 0x41;
            case Assembler.SIGN -> 0x80;
            case Assembler.PARITY -> 0x04;
            default -> 0;
        };
        if (inHost || mask == 0) {
            need();
            asm.align(4, 2);
            return asm.jumpIf(condition);
        }
        asm.op(0xf6, 1, 0, LOW);
        asm.byte1(mask);
        asm.align(4, 2);
        return asm.jumpIf(Assembler.NOT_EQUAL ^ condition & 1);
    }
}
