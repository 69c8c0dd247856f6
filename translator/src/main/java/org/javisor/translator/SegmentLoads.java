// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.ES;
import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.SEG;
import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;

import org.javisor.cpu.CpuLayout;
import org.javisor.cpu.Translation;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;

/// MOV to DS and ES from a general register in a 64-bit kernel, where that loads what the register has already:
/// `KnownSegments` in `cpu` tells selector and descriptor, and the one in memory must be the same. All else is the
/// interpreter's.
final class SegmentLoads {
    private static final int DESCRIPTOR_BYTES = 8;

    private final Emission emission;
    private final Assembler asm;
    private final MemoryAccess memory;

    SegmentLoads(Emission emission, MemoryAccess memory) {
        this.emission = emission;
        this.asm = emission.asm;
        this.memory = memory;
    }

    static boolean handles(Instruction insn) {
        return insn.mnemonic() == Mnemonic.MOV_SEG && insn.kind0 == SEG;
    }

    static boolean supports(Translation translation, int index) {
        Instruction insn = translation.instruction(index);
        return handles(insn) && insn.kind1 == GPR && (insn.reg0 == DS || insn.reg0 == ES) && translation.atCpl0()
                && insn.codeBits == 64;
    }

    void emit(Instruction insn, int index) {
        int slot = insn.reg0 == DS ? CpuLayout.DATA_DS : CpuLayout.DATA_ES;
        emission.flags.spill();
        memory.clobbered();
        asm.load(R14, State.at(CpuLayout.SUPERVISOR_TLB));
        asm.op(Assembler.CMP_LOAD, 8, R14, State.at(CpuLayout.FAST_TLB));
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        loadSelector(insn.reg1);
        asm.op(Assembler.CMP_LOAD, 4, R14, State.at(slot + CpuLayout.DATA_SELECTOR));
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        asm.load(R15, State.at(slot + CpuLayout.DATA_DESCRIPTOR_AT));
        asm.load(R14, memory.access(Address.of(R15, 0), index, DESCRIPTOR_BYTES, false));
        asm.op(Assembler.CMP_LOAD, 8, R14, State.at(slot + CpuLayout.DATA_DESCRIPTOR));
        emission.interpretIf(Assembler.NOT_EQUAL, index);
        memory.clobbered();
    }

    /// Into R14, of which the upper bits become 0.
    private void loadSelector(int reg) {
        if (State.inRegister(reg)) {
            asm.op(Assembler.MOVZX_WORD, 4, R14, State.host(reg));
        } else {
            asm.loadZeroExtended(R14, State.general(reg), 2);
        }
    }
}
