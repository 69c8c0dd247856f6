// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.MEM;
import static org.javisor.isa.Instruction.MMX;
import static org.javisor.isa.Instruction.NONE;
import static org.javisor.isa.Instruction.XMM;
import static org.javisor.isa.Instruction.YMM;

import java.util.List;
import org.javisor.cpu.VectorNeed;
import org.javisor.isa.Feature;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeRow;
import org.javisor.isa.OpcodeRow.Attribute;
import org.javisor.isa.OperandSpec;

/// Instructions that are emitted as themselves, with the operands where the host has them.
final class PlainInstructions {
    private static final int ABSENT = -1;
    private static final int MAX_OPERANDS = 4;
    /// Of an opcode: whether ModRM.reg is the destination.
    private static final int DIRECTION = 2;
    /// Opcodes that mean something else in 64-bit code, or nothing, and those that have the same effect there.
    private static final int ALIAS = 0x82, ALIASED = 0x80, STEP = 0xff;
    /// The first of four: AL or the accumulator, loaded or stored.
    private static final int MOV_FROM_ABSOLUTE = 0xa0, MOV_LOAD_BYTE = 0x8a;

    private final Emission emission;
    private final Assembler asm;
    private final MemoryAccess memory;
    private final ScratchRegisters scratch;
    /// Which operand of the present instruction is a general register that is used where it is in memory, or ABSENT;
    /// and whether ModRM.reg and ModRM.rm change their parts for that.
    private int inPlace;
    private boolean swapped;

    PlainInstructions(Emission emission, MemoryAccess memory) {
        this.emission = emission;
        this.asm = emission.asm;
        this.memory = memory;
        this.scratch = new ScratchRegisters(asm);
    }

    static boolean supports(Instruction insn, HostFeatures host) {
        OpcodeRow row = insn.row;
        boolean unknownPrefix = row.isVex() && VectorNeed.of(insn) != 0 && !host.has(Feature.AVX);
        return Effect.of(row.mnemonic()) != Effect.UNSUPPORTED && row.map() != OpcodeRow.X87
                && host.has(row.feature()) && !unknownPrefix && !isAnother(insn) && operandsSupported(insn);
    }

    /// With a source in memory, CVTPI2PS is an MMX instruction to the x87 state of some processors, and not to that of
    /// others. VZEROUPPER and VZEROALL leave XMM8 to XMM15 alone outside 64-bit mode.
    private static boolean isAnother(Instruction insn) {
        return switch (insn.mnemonic()) {
            case CVTPI2PS -> insn.kind1 == MEM;
            case VZEROUPPER, VZEROALL -> insn.codeBits != 64;
            default -> false;
        };
    }

    private static boolean operandsSupported(Instruction insn) {
        int memoryOperand = memoryOperand(insn);
        int readFromMemory = 0;
        for (int n = 0; n < insn.row.operands().size(); n++) {
            int kind = insn.kind(n);
            boolean known = kind == GPR || kind == IMM || kind == XMM || kind == YMM || kind == MMX || kind == NONE
                    || kind == MEM && (insn.row.operands().get(n).canBeMemory() || isAbsolute(insn.row));
            // AH to BH cannot be named beside the registers that addresses and RSP are in.
            boolean high = kind == GPR && insn.reg(n) >= 16
                    && (memoryOperand >= 0 || insn.kind0 == GPR && State.host(insn.reg0) == State.GUEST_RSP);
            if (!known || high) {
                return false;
            }
            readFromMemory |= inMemory(insn, n) && isRead(insn, n) ? 1 << insn.reg(n) : 0;
        }
        int scratchRegisters = memoryOperand < 0 ? 2 : 1;
        return Integer.bitCount(readFromMemory) <= scratchRegisters && (memoryOperand < 0
                || insn.bytes(memoryOperand) != 0 && MemoryAccess.supports(insn)
                && !(isBitTest(insn.mnemonic()) && insn.kind1 == GPR));
    }

    /// With a register as bit number these reach beyond their memory operand.
    private static boolean isBitTest(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case BT, BTS, BTR, BTC -> true;
            default -> false;
        };
    }

    private static int memoryOperand(Instruction insn) {
        for (int n = 0; n < MAX_OPERANDS; n++) {
            if (insn.kind(n) == MEM) {
                return n;
            }
        }
        return ABSENT;
    }

    private static boolean inMemory(Instruction insn, int n) {
        return insn.kind(n) == GPR && !State.inRegister(insn.reg(n));
    }

    /// Whether general register operand `n` is read, or kept in part.
    private static boolean isRead(Instruction insn, int n) {
        return switch (n) {
            case 0 -> !InMemoryForms.clears(insn)
                    && (insn.bytes0 < 4 || !insn.row.has(Attribute.WRITES_ONLY) && !insn.row.isVex());
            case 1 -> insn.mnemonic() != Mnemonic.MULX && !InMemoryForms.clears(insn);
            default -> true;
        };
    }

    private static boolean isWritten(Instruction insn, int n) {
        return switch (n) {
            case 0 -> !insn.row.has(Attribute.READS_ONLY);
            case 1 -> insn.mnemonic() == Mnemonic.XCHG || insn.mnemonic() == Mnemonic.XADD
                    || insn.mnemonic() == Mnemonic.MULX;
            default -> false;
        };
    }

    void emit(Instruction insn, int index) {
        OpcodeRow row = insn.row;
        int memoryOperand = memoryOperand(insn);
        Address address = null;
        if (memoryOperand >= 0) {
            boolean write = memoryOperand == 0 && !row.has(Attribute.READS_ONLY);
            int bytes = insn.bytes(memoryOperand);
            boolean aligned = row.has(Attribute.ALIGNED) || insn.mnemonic() == Mnemonic.CMPXCHG8B && bytes == 16;
            address = memory.access(insn, index, bytes, write, aligned);
        }
        Effect effect = Effect.of(insn);
        emission.flags.before(insn, effect);
        if (!InMemoryForms.emit(insn, asm)) {
            findInPlace(insn, address);
            assignScratch(insn, address);
            encode(insn, address);
            scratch.writeBack(inPlace != ABSENT && isWritten(insn, inPlace) ? insn.reg(inPlace) : ABSENT);
        }
        emission.flags.after(insn, effect);
    }

    private void findInPlace(Instruction insn, Address address) {
        inPlace = ABSENT;
        swapped = false;
        if (address != null) {
            return;
        }
        int rm = operandAt(OperandSpec.Place.RM, insn);
        int reg = operandAt(OperandSpec.Place.REG, insn);
        if (rm != ABSENT && canBeInPlace(insn, rm)) {
            inPlace = rm;
        } else if (rm != ABSENT && reg != ABSENT && canSwap(insn.row) && canBeInPlace(insn, reg)) {
            inPlace = reg;
            swapped = true;
        }
    }

    private static int operandAt(OperandSpec.Place place, Instruction insn) {
        List<OperandSpec> operands = insn.row.operands();
        for (int n = 0; n < operands.size(); n++) {
            if (operands.get(n).place() == place && insn.kind(n) == GPR) {
                return n;
            }
        }
        return ABSENT;
    }

    /// Not where 32 bits are written, which clears the upper half of a register; nor where memory means something else:
    /// XCHG locks it, bit tests reach beyond it.
    private boolean canBeInPlace(Instruction insn, int n) {
        boolean clearsUpperHalf = isWritten(insn, n) && insn.bytes(n) == 4;
        return inMemory(insn, n) && !clearsUpperHalf && !isCopied(insn, n) && !InMemoryForms.clears(insn)
                && !isWritten(insn, 1) && !isBitTest(insn.mnemonic()) && !insn.row.has(Attribute.REGISTER_ONLY);
    }

    /// Whether R14 has it already, and it is not written.
    private boolean isCopied(Instruction insn, int n) {
        return !isWritten(insn, n) && asm.copy().isOf(State.general(insn.reg(n)));
    }

    /// Whether bit 1 of the opcode tells which of ModRM.reg and ModRM.rm is the destination, or both are sources.
    private static boolean canSwap(OpcodeRow row) {
        boolean arithmetic = row.opcode() < 0x40 && (row.opcode() & 7) < 4;
        return row.map() == OpcodeRow.ONE_BYTE && (arithmetic || row.mnemonic() == Mnemonic.MOV
                || row.mnemonic() == Mnemonic.TEST);
    }

    private void assignScratch(Instruction insn, Address address) {
        scratch.begin(address);
        for (int n = 0; n < MAX_OPERANDS; n++) {
            if (inMemory(insn, n) && isRead(insn, n) && n != inPlace) {
                scratch.read(insn.reg(n));
            }
        }
        for (int n = 0; n < 2; n++) {
            if (inMemory(insn, n) && isWritten(insn, n) && n != inPlace) {
                scratch.write(insn.reg(n));
            }
        }
        if (scratch.usesR15()) {
            memory.clobbered();
        }
    }

    private int register(Instruction insn, int n) {
        int reg = insn.reg(n);
        if (insn.kind(n) != GPR) {
            return insn.kind(n) == MMX ? reg & 7 : reg;
        }
        return State.inRegister(reg) ? State.host(reg) : scratch.host(reg, isWritten(insn, n));
    }

    // ---- encoding ----

    private void encode(Instruction insn, Address memoryOperand) {
        OpcodeRow row = insn.row;
        Address address = inPlace != ABSENT ? State.general(insn.reg(inPlace)) : memoryOperand;
        int reg = Math.max(row.extension(), 0);
        int rm = ABSENT;
        int second = 0;
        int narrow = 0;
        int inOpcode = ABSENT;
        for (int n = 0; n < row.operands().size(); n++) {
            boolean byteWide = insn.kind(n) == GPR && insn.bytes(n) == 1;
            OperandSpec.Place place = row.operands().get(n).place();
            if (n == inPlace || insn.kind(n) == MEM) {
                continue;
            }
            switch (swapped && place == OperandSpec.Place.RM ? OperandSpec.Place.REG : place) {
                case REG, REG_XMM, REG_MMX -> {
                    reg = register(insn, n);
                    narrow |= byteWide ? Assembler.NARROW_REG : 0;
                }
                case RM, RM_XMM, RM_MMX -> {
                    rm = register(insn, n);
                    narrow |= byteWide ? Assembler.NARROW_RM : 0;
                }
                case VEX, VEX_VECTOR -> second = register(insn, n);
                case OPCODE -> inOpcode = register(insn, n);
                default -> { }
            }
        }
        if (insn.has(Instruction.LOCK)) {
            asm.byte1(0xf0);
        }
        int size = size(insn);
        int opcode = swapped && row.mnemonic() != Mnemonic.TEST ? opcode(row) ^ DIRECTION : opcode(row);
        if (isAbsolute(row)) {
            asm.op(opcode - MOV_FROM_ABSOLUTE ^ MOV_LOAD_BYTE, size, 0, address);
        } else if (inOpcode != ABSENT && isStep(row)) {
            asm.op(STEP, size, row.opcode() >> 3 & 1, inOpcode);
        } else if (row.isVex()) {
            encodeVex(insn, reg, second, rm, address);
        } else if (address != null) {
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

    private static int opcode(OpcodeRow row) {
        int map = row.isVex() ? row.map() - OpcodeRow.VEX_0F + 1 : row.map();
        int opcode = row.opcode() == ALIAS && map == OpcodeRow.ONE_BYTE ? ALIASED : row.opcode();
        return row.mandatoryPrefix() << 16 | map << 8 | opcode;
    }

    /// INC and DEC of one byte, where the host has REX prefixes.
    private static boolean isStep(OpcodeRow row) {
        return row.map() == OpcodeRow.ONE_BYTE && (row.opcode() & 0xf0) == 0x40;
    }

    /// MOV between the accumulator and an address in the instruction.
    private static boolean isAbsolute(OpcodeRow row) {
        return row.map() == OpcodeRow.ONE_BYTE && (row.opcode() & 0xfc) == MOV_FROM_ABSOLUTE;
    }

    /// Where a row does not mind VEX.L it is 0, as processors differ about what else may be there.
    private void encodeVex(Instruction insn, int reg, int second, int rm, Address address) {
        OpcodeRow row = insn.row;
        int bits = (row.has(Attribute.VEX_L1) ? Assembler.VEX_L : 0)
                | (insn.has(Instruction.REX_W) || row.has(Attribute.VEX_W1) ? Assembler.VEX_W : 0);
        if (address != null) {
            asm.vex(opcode(row), bits, reg, second, address);
        } else if (rm != ABSENT) {
            asm.vex(opcode(row), bits, reg, second, rm);
        } else {
            asm.vexPlain(opcode(row), bits);
        }
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
        for (int n = 0; n < insn.row.operands().size(); n++) {
            switch (insn.row.operands().get(n).place()) {
                case IMM_BYTE, IMM_BYTE_SIGNED -> asm.immediate(insn.immediate, 1);
                case IMM_WORD -> asm.immediate(insn.immediate, 2);
                case IMM_OPERAND -> asm.immediate(insn.immediate, Math.min(size, 4));
                case IMM_FULL -> asm.immediate(insn.immediate, size);
                case IMM_VECTOR -> asm.byte1(insn.reg(n) << 4);
                default -> { }
            }
        }
    }
}
