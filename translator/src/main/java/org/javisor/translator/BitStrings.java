// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.MEM;
import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;

import org.javisor.cpu.CpuLayout;
import org.javisor.isa.Instruction;
import org.javisor.isa.OpcodeRow.Attribute;

/// BT, BTS, BTR and BTC of a bit in memory that a register numbers, from the operand on in both directions. The host is
/// given the word that has the bit.
final class BitStrings {
    private static final Address BIT = State.at(CpuLayout.SPILL + 8);
    private static final int MOVSX_WORD = Assembler.MAP_0F | 0xbf, MOVSXD = 0x63;

    private final Emission emission;
    private final Assembler asm;
    private final MemoryAccess memory;

    BitStrings(Emission emission, MemoryAccess memory) {
        this.emission = emission;
        this.asm = emission.asm;
        this.memory = memory;
    }

    static boolean supports(Instruction insn) {
        return switch (insn.mnemonic()) {
            case BT, BTS, BTR, BTC -> insn.kind0 == MEM && insn.kind1 == GPR && MemoryAccess.supports(insn)
                    && (insn.codeBits == 64 || !MemoryAccess.isBased(insn));
            default -> false;
        };
    }

    void emit(Instruction insn, int index) {
        int bytes = insn.bytes0;
        int bits = 8 * bytes;
        emission.flags.spill();
        memory.clobbered();
        memory.linear(insn, index, 0, bytes);
        loadBitNumber(insn.reg1, bytes);
        asm.shift(Assembler.SAR_IMM, 8, R14, Integer.numberOfTrailingZeros(bits));
        asm.op(Assembler.LEA, emission.word, R15, new Address(R15, R14, Integer.numberOfTrailingZeros(bytes), 0));
        boolean write = !insn.row.has(Attribute.READS_ONLY);
        Address word = memory.access(Address.of(R15, 0), index, bytes, write);
        loadBitNumber(insn.reg1, bytes);
        asm.immediateOp(Assembler.AND_IMM, 4, R14, bits - 1);
        asm.store(BIT, R14);
        // All flags but CF stay, or are undefined.
        emission.flags.need();
        asm.load(R14, BIT);
        if (insn.has(Instruction.LOCK)) {
            asm.byte1(0xf0);
        }
        asm.op(insn.row.map() << 8 | insn.row.opcode(), bytes, R14, word);
        emission.flags.set();
    }

    /// Into R14, sign-extended.
    private void loadBitNumber(int reg, int bytes) {
        int opcode = bytes == 8 ? Assembler.LOAD : bytes == 4 ? MOVSXD : MOVSX_WORD;
        if (State.inRegister(reg)) {
            asm.op(opcode, 8, R14, State.host(reg));
        } else {
            asm.op(opcode, 8, R14, State.general(reg));
        }
    }
}
