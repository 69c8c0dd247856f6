// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.R14;

import org.javisor.cpu.CpuLayout;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;

/// LDMXCSR and VLDMXCSR of values that leave all exceptions masked. Others, and reserved bits, are left to the
/// interpreter: an exception of the host's processor would be a signal.
///
/// SERIALIZE: who has changed code has called for attention before it tells us, so that looking there is enough to
/// leave what was made of the old code.
final class ControlInstructions {
    private static final int LDMXCSR = Assembler.MAP_0F | 0xae, LDMXCSR_EXTENSION = 2;
    private static final int[] MFENCE = {0x0f, 0xae, 0xf0};
    private static final int MASKS = 0x1f80, RESERVED = ~0xffff;
    private static final Address VALUE = State.at(CpuLayout.SPILL);

    private final Emission emission;
    private final Assembler asm;
    private final MemoryAccess memory;

    ControlInstructions(Emission emission, MemoryAccess memory) {
        this.emission = emission;
        this.asm = emission.asm;
        this.memory = memory;
    }

    static boolean supports(Instruction insn) {
        return insn.mnemonic() == Mnemonic.SERIALIZE
                || (insn.mnemonic() == Mnemonic.LDMXCSR || insn.mnemonic() == Mnemonic.VLDMXCSR)
                && MemoryAccess.supports(insn);
    }

    void emit(Instruction insn, int index) {
        emission.flags.spill();
        if (insn.mnemonic() == Mnemonic.SERIALIZE) {
            asm.bytes(MFENCE);
            asm.immediateOp(Assembler.CMP_IMM, 4, State.at(CpuLayout.ATTENTION), 0);
            emission.interpretIf(Assembler.NOT_EQUAL, index);
            return;
        }
        asm.op(Assembler.LOAD, 4, R14, memory.access(insn, index, 4, false, false));
        asm.op(Assembler.STORE, 4, R14, VALUE);
        asm.immediateOp(Assembler.XOR_IMM, 4, R14, MASKS);
        asm.op(0xf7, 4, 0, R14);
        asm.immediate(MASKS | RESERVED, 4);
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        asm.op(LDMXCSR, 4, LDMXCSR_EXTENSION, VALUE);
    }
}
