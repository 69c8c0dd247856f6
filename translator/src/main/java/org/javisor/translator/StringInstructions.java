// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.FS;
import static org.javisor.isa.Instruction.GS;
import static org.javisor.isa.Instruction.REP;
import static org.javisor.isa.Instruction.REPNE;
import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.RAX;
import static org.javisor.translator.Assembler.RCX;
import static org.javisor.translator.Assembler.RDI;
import static org.javisor.translator.Assembler.RSI;

import org.javisor.cpu.CpuLayout;
import org.javisor.isa.Instruction;

/// MOVS, STOS, LODS, CMPS and SCAS with addresses of the code's size and in segments without a base: repeated ones call
/// a [StringRoutine]. With DF they are left to the interpreter.
final class StringInstructions {
    private static final int DF_IN_BYTE = 4;
    private static final int CMP_LOAD = 0x3b;
    private static final Address SOURCE = Address.of(RSI, 0), TARGET = Address.of(RDI, 0);
    private static final Address VALUE = State.at(CpuLayout.SPILL + 8);

    private final Emission emission;
    private final Assembler asm;
    private final MemoryAccess memory;

    StringInstructions(Emission emission, MemoryAccess memory) {
        this.emission = emission;
        this.asm = emission.asm;
        this.memory = memory;
    }

    static boolean supports(Instruction insn) {
        return MemoryAccess.hasWholeAddress(insn) && switch (insn.mnemonic()) {
            case STOS, SCAS -> true;
            case MOVS, LODS, CMPS -> insn.segment != FS && insn.segment != GS
                    && (insn.codeBits == 64 || insn.segment != CS);
            default -> false;
        };
    }

    void emit(Instruction insn, int index) {
        if (insn.has(REP | REPNE)) {
            // It may stop with registers changed, and changes the flags in memory.
            emission.flags.save();
            emission.flags.setInMemory();
            if (emission.word == 4) {
                asm.op(Assembler.LOAD, 4, RCX, RCX);
            }
            emission.call(StringRoutine.of(insn, emission.logged));
            emission.interpretIf(Assembler.NOT_EQUAL, index);
            return;
        }
        emission.flags.spill();
        asm.testByte(State.at(CpuLayout.SYSTEM_FLAGS + 1), DF_IN_BYTE);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        once(insn, index, insn.bytes0);
    }

    private void once(Instruction insn, int index, int bytes) {
        switch (insn.mnemonic()) {
            case MOVS -> {
                keepSource(index, bytes);
                Address target = memory.access(TARGET, index, bytes, true);
                asm.load(R14, VALUE);
                asm.op(narrowed(Assembler.STORE, bytes), bytes, R14, target);
                advance(RSI, bytes);
            }
            case STOS -> {
                Address target = memory.access(TARGET, index, bytes, true);
                asm.op(narrowed(Assembler.STORE, bytes), bytes, RAX, target);
            }
            case LODS -> {
                Address source = memory.access(SOURCE, index, bytes, false);
                asm.op(narrowed(Assembler.LOAD, bytes), bytes, RAX, source);
                advance(RSI, bytes);
                return;
            }
            case CMPS -> {
                keepSource(index, bytes);
                Address target = memory.access(TARGET, index, bytes, false);
                asm.load(R14, VALUE);
                compare(R14, target, bytes);
                advance(RSI, bytes);
            }
            default -> compare(RAX, memory.access(TARGET, index, bytes, false), bytes);
        }
        advance(RDI, bytes);
    }

    private void keepSource(int index, int bytes) {
        asm.loadZeroExtended(R14, memory.access(SOURCE, index, bytes, false), bytes);
        asm.store(VALUE, R14);
    }

    private void compare(int reg, Address with, int bytes) {
        asm.op(narrowed(CMP_LOAD, bytes), bytes, reg, with);
        emission.flags.set();
    }

    private void advance(int reg, int bytes) {
        asm.op(Assembler.LEA, emission.word, reg, Address.of(reg, bytes));
    }

    /// The opcode for one byte is the one before that for more.
    private static int narrowed(int opcode, int bytes) {
        return bytes == 1 ? opcode - 1 : opcode;
    }
}
