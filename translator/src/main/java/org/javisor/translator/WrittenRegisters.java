// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.GPR;

import org.javisor.isa.Instruction;
import org.javisor.isa.OpcodeRow.Attribute;

/// Which general registers an instruction may change, as bits by number.
final class WrittenRegisters {
    private static final int RAX = 1, RCX = 1 << 1, RDX = 1 << 2, RSP = 1 << 4, RBP = 1 << 5, RSI = 1 << 6,
            RDI = 1 << 7;
    private static final int ALL = 0xffff;

    private WrittenRegisters() { }

    static int of(Instruction insn) {
        if (Branches.isDirect(insn)) {
            return Branches.isLoop(insn) ? RCX : 0;
        }
        return switch (insn.mnemonic()) {
            case NOP, HINT_NOP, PREFETCH, PREFETCHW, PREFETCHNTA, PREFETCHT0, PREFETCHT1, PREFETCHT2,
                    LFENCE, MFENCE, SFENCE, SERIALIZE, CLI, STI, CLD, STD, CLAC, STAC, SWAPGS, WRFSBASE, WRGSBASE,
                    WRPKRU, INVLPG -> 0;
            case PUSHF, POPF -> RSP;
            case MOV_CR, MOV_SEG, RDFSBASE, RDGSBASE -> operand(insn, 0);
            case CMPXCHG8B, RDTSC -> RAX | RDX;
            case RDTSCP -> RAX | RCX | RDX;
            case LEA -> operand(insn, 0);
            case PUSH -> RSP;
            case POP -> RSP | operand(insn, 0);
            case LEAVE -> RSP | RBP;
            case MUL, DIV, IDIV -> RAX | RDX;
            case IMUL -> RAX | RDX | operand(insn, 0);
            case CBW, LAHF -> RAX;
            case CWD -> RDX;
            case CMPXCHG -> RAX | operand(insn, 0);
            case XCHG, XADD, MULX -> operand(insn, 0) | operand(insn, 1);
            case PCMPESTRI, PCMPISTRI, VPCMPESTRI, VPCMPISTRI -> RCX;
            case MOVS, STOS, LODS, CMPS, SCAS -> RAX | RCX | RSI | RDI;
            default -> byOperands(insn);
        };
    }

    private static int byOperands(Instruction insn) {
        if (Effect.of(insn.mnemonic()) == Effect.UNSUPPORTED) {
            return ALL;
        }
        return insn.row.has(Attribute.READS_ONLY) ? 0 : operand(insn, 0);
    }

    private static int operand(Instruction insn, int n) {
        return insn.kind(n) != GPR ? 0 : 1 << (insn.reg(n) < 16 ? insn.reg(n) : insn.reg(n) - 16);
    }
}
