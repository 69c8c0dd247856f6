// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.MEM;
import static org.javisor.isa.Instruction.NONE;
import static org.javisor.isa.Instruction.XMM;
import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;

import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeRow;
import org.javisor.isa.OpcodeRow.Attribute;
import org.javisor.isa.OperandSpec;

/// Instructions that are emitted as themselves, with the operands where the host has them.
final class PlainInstructions {
    private static final int ABSENT = -1;

    private final Emission emission;
    private final Assembler asm;
    private final MemoryAccess memory;
    /// Guest registers that are in R15 and R14 for the present instruction.
    private int inR15, inR14;

    PlainInstructions(Emission emission, MemoryAccess memory) {
        this.emission = emission;
        this.asm = emission.asm;
        this.memory = memory;
    }

    static boolean supports(Instruction insn, HostFeatures host) {
        OpcodeRow row = insn.row;
        return Effect.of(row.mnemonic()) != Effect.UNSUPPORTED && row.map() <= OpcodeRow.THREE_BYTE_3A
                && host.has(row.feature()) && operandsSupported(insn);
    }

    private static boolean operandsSupported(Instruction insn) {
        int memoryOperand = memoryOperand(insn);
        int inMemory = 0;
        for (int n = 0; n < insn.row.operands().size(); n++) {
            int kind = insn.kind(n);
            boolean known = kind == GPR || kind == IMM || kind == XMM || kind == NONE
                    || kind == MEM && insn.row.operands().get(n).canBeMemory();
            // AH to BH cannot be named beside the registers that addresses are in.
            boolean high = kind == GPR && insn.reg(n) >= 16 && memoryOperand >= 0;
            inMemory += kind == GPR && !State.inRegister(insn.reg(n)) ? 1 : 0;
            if (!known || high) {
                return false;
            }
        }
        return memoryOperand < 0 || inMemory <= 1 && insn.bytes(memoryOperand) != 0 && MemoryAccess.supports(insn)
                && !(isBitTest(insn.mnemonic()) && insn.kind1 == GPR);
    }

    /// With a register as bit number these reach beyond their memory operand.
    private static boolean isBitTest(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case BT, BTS, BTR, BTC -> true;
            default -> false;
        };
    }

    private static int memoryOperand(Instruction insn) {
        for (int n = 0; n < 3; n++) {
            if (insn.kind(n) == MEM) {
                return n;
            }
        }
        return -1;
    }

    void emit(Instruction insn, int index) {
        OpcodeRow row = insn.row;
        int memoryOperand = memoryOperand(insn);
        Address address = null;
        if (memoryOperand >= 0) {
            boolean write = memoryOperand == 0 && !row.has(Attribute.READS_ONLY);
            address = memory.access(insn, index, insn.bytes(memoryOperand), write, row.has(Attribute.ALIGNED));
        }
        Effect effect = flagsBefore(insn);
        inR15 = ABSENT;
        inR14 = ABSENT;
        encode(insn, address);
        writeBack(insn);
        if (effect != Effect.NONE && effect != Effect.READS) {
            emission.flags.set();
        }
    }

    private Effect flagsBefore(Instruction insn) {
        Effect effect = Effect.of(insn.mnemonic());
        switch (effect) {
            case READS, CHANGES -> emission.flags.need();
            case WRITES_WITH_CARRY -> emission.flags.needCarry();
            default -> { }
        }
        return effect;
    }

    // ---- encoding ----

    private void encode(Instruction insn, Address address) {
        OpcodeRow row = insn.row;
        int reg = Math.max(row.extension(), 0);
        int rm = ABSENT;
        int narrow = 0;
        int inOpcode = ABSENT;
        for (int n = 0; n < row.operands().size(); n++) {
            boolean byteWide = insn.kind(n) == GPR && insn.bytes(n) == 1;
            switch (row.operands().get(n).place()) {
                case REG, REG_XMM -> {
                    reg = register(insn, n);
                    narrow |= byteWide ? Assembler.NARROW_REG : 0;
                }
                case RM, RM_XMM -> {
                    rm = insn.kind(n) == MEM ? ABSENT : register(insn, n);
                    narrow |= byteWide ? Assembler.NARROW_RM : 0;
                }
                case OPCODE -> inOpcode = register(insn, n);
                default -> { }
            }
        }
        if (insn.has(Instruction.LOCK)) {
            asm.byte1(0xf0);
        }
        int opcode = row.mandatoryPrefix() << 16 | row.map() << 8 | row.opcode();
        int size = size(insn);
        if (address != null) {
            asm.op(opcode, size, narrow, reg, address);
        } else if (rm != ABSENT) {
            asm.op(opcode, size, narrow, reg, rm);
        } else if (inOpcode != ABSENT) {
            asm.opWithRegister(opcode & ~7, size, insn.bytes0 == 1, inOpcode);
        } else {
            asm.plain(opcode, size);
        }
        immediates(insn, size);
    }

    private static int size(Instruction insn) {
        if (insn.has(Instruction.REX_W)) {
            return 8;
        }
        boolean sized = insn.row.operands().isEmpty()
                || insn.row.operands().stream().anyMatch(OperandSpec::hasOperandSize);
        return sized && insn.operandBytes == 2 && insn.row.mandatoryPrefix() != 0x66 ? 2 : 4;
    }

    private void immediates(Instruction insn, int size) {
        for (OperandSpec spec : insn.row.operands()) {
            int bytes = switch (spec.place()) {
                case IMM_BYTE, IMM_BYTE_SIGNED -> 1;
                case IMM_WORD -> 2;
                case IMM_OPERAND -> Math.min(size, 4);
                case IMM_FULL -> size;
                default -> 0;
            };
            asm.immediate(insn.immediate, bytes);
        }
    }

    // ---- registers that are in memory ----

    private int register(Instruction insn, int n) {
        int reg = insn.reg(n);
        if (insn.kind(n) == XMM) {
            return reg;
        }
        if (State.inRegister(reg)) {
            return State.host(reg);
        }
        if (reg == inR15 || inR15 == ABSENT) {
            if (inR15 == ABSENT) {
                inR15 = reg;
                load(R15, insn, n);
            }
            return R15;
        }
        if (inR14 == ABSENT) {
            inR14 = reg;
            load(R14, insn, n);
        }
        return R14;
    }

    /// Loads operand `n`, unless it is only written, all of it.
    private void load(int to, Instruction insn, int n) {
        boolean replaced = n == 0 && insn.row.has(Attribute.WRITES_ONLY) && insn.bytes0 >= 4
                && !(insn.kind1 == GPR && insn.reg1 == insn.reg0);
        if (!replaced) {
            asm.load(to, State.general(insn.reg(n)));
        }
    }

    private void writeBack(Instruction insn) {
        boolean exchanges = insn.mnemonic() == Mnemonic.XCHG || insn.mnemonic() == Mnemonic.XADD;
        for (int n = 0; n < 2; n++) {
            boolean written = n == 0 ? !insn.row.has(Attribute.READS_ONLY) : exchanges;
            if (written && insn.kind(n) == GPR) {
                if (insn.reg(n) == inR15) {
                    asm.store(State.general(inR15), R15);
                } else if (insn.reg(n) == inR14) {
                    asm.store(State.general(inR14), R14);
                }
            }
        }
    }
}
