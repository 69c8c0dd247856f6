// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.Instruction.CR;
import static org.javisor.isa.Instruction.DR;
import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.IMM2;
import static org.javisor.isa.Instruction.MEM;
import static org.javisor.isa.Instruction.MMX;
import static org.javisor.isa.Instruction.REL;
import static org.javisor.isa.Instruction.REX;
import static org.javisor.isa.Instruction.REX_W;
import static org.javisor.isa.Instruction.SEG;
import static org.javisor.isa.Instruction.ST;
import static org.javisor.isa.Instruction.XMM;
import static org.javisor.isa.Instruction.YMM;

import java.util.List;
import org.javisor.isa.OperandSpec.Place;
import org.javisor.isa.OperandSpec.Width;

/// Fills in the operands of an instruction whose row, ModRM byte and address are known, and reads its
/// immediates.
final class OperandDecoder {
    private static final int RAX = 0, RCX = 1, RDX = 2, RSI = 6, RDI = 7;

    private OperandDecoder() { }

    /// Whether ModRM.rm is a register even where ModRM.mod says memory.
    static boolean ignoresMod(OpcodeRow row) {
        return row.mnemonic() == Mnemonic.MOV_CR || row.mnemonic() == Mnemonic.MOV_DR;
    }

    /// @return false if an operand names a register that does not exist: the instruction is undefined
    static boolean decode(OpcodeRow row, byte[] code, int start, int opcode, int rex, Instruction into) {
        List<OperandSpec> specs = row.operands();
        boolean valid = true;
        for (int n = 0; n < specs.size(); n++) {
            valid &= decodeOperand(specs.get(n), n, code, start, opcode, rex, into);
        }
        return valid;
    }

    private static boolean decodeOperand(OperandSpec spec, int n, byte[] code, int start, int opcode, int rex,
                                         Instruction into) {
        int bytes = bytes(spec.width, into);
        switch (spec.place) {
            case RM -> {
                if (into.modrm >= 0xc0) {
                    register(n, bytes, into.modrm & 7 | (rex & 1) << 3, into);
                } else {
                    memory(n, spec, into);
                }
            }
            case RM_MMX -> {
                if (into.modrm >= 0xc0) {
                    set(n, MMX, into.modrm & 7, bytes, into);
                } else {
                    memory(n, spec, into);
                }
            }
            case RM_XMM -> {
                if (into.modrm >= 0xc0) {
                    vector(n, into.modrm & 7 | (rex & 1) << 3, bytes, into);
                } else {
                    memory(n, spec, into);
                }
            }
            case RM_INDEXES -> {
                memory(n, spec, into);
                into.indexBytes = (byte) bytes;
            }
            case RM_REGISTER -> set(n, GPR, into.modrm & 7 | (rex & 1) << 3, bytes, into);
            case REG -> register(n, bytes, reg(rex, into), into);
            case REG_MMX -> set(n, MMX, into.modrm >> 3 & 7, bytes, into);
            case REG_XMM -> vector(n, reg(rex, into), bytes, into);
            case REG_SEGMENT -> {
                return segmentRegister(n, bytes, into);
            }
            case REG_CONTROL, REG_DEBUG -> {
                return systemRegister(n, spec.place, bytes, reg(rex, into), into);
            }
            case VEX -> register(n, bytes, into.vex, into);
            case VEX_VECTOR -> vector(n, into.vex, bytes, into);
            case OPCODE -> register(n, bytes, opcode & 7 | (rex & 1) << 3, into);
            default -> {
                if (spec.place.ordinal() >= Place.IMM_BYTE.ordinal()) {
                    afterAddress(spec, n, bytes, code, start, into);
                } else {
                    implied(spec.place, n, bytes, into);
                }
            }
        }
        return true;
    }

    private static int reg(int rex, Instruction into) {
        return into.modrm >> 3 & 7 | (rex & 4) << 1;
    }

    /// A general register. Without REX, the byte registers 4 to 7 are AH, CH, DH, BH.
    private static void register(int n, int bytes, int reg, Instruction into) {
        boolean high = bytes == 1 && (reg & ~3) == 4 && !into.has(REX);
        set(n, GPR, high ? reg + 12 : reg, bytes, into);
    }

    private static void vector(int n, int reg, int bytes, Instruction into) {
        set(n, bytes == 32 ? YMM : XMM, reg, bytes, into);
    }

    private static void memory(int n, OperandSpec spec, Instruction into) {
        set(n, MEM, 0, bytes(spec.memoryWidth, into), into);
    }

    /// REX.R is ignored; registers 6 and 7 do not exist, and CS cannot be loaded by MOV.
    private static boolean segmentRegister(int n, int bytes, Instruction into) {
        int reg = into.modrm >> 3 & 7;
        set(n, SEG, reg, bytes, into);
        return reg < 6 && !(n == 0 && reg == Instruction.CS);
    }

    private static boolean systemRegister(int n, Place place, int bytes, int reg, Instruction into) {
        boolean control = place == Place.REG_CONTROL;
        set(n, control ? CR : DR, reg, bytes, into);
        // CR0, CR2, CR3, CR4, CR8
        return control ? reg < 16 && (0b1_0001_1101 >> reg & 1) != 0 : reg < 8;
    }

    private static void implied(Place place, int n, int bytes, Instruction into) {
        switch (place) {
            case ACCUMULATOR -> set(n, GPR, RAX, bytes, into);
            case COUNTER -> set(n, GPR, RCX, bytes, into);
            case DATA -> set(n, GPR, RDX, bytes, into);
            case ES -> set(n, SEG, Instruction.ES, bytes, into);
            case CS -> set(n, SEG, Instruction.CS, bytes, into);
            case SS -> set(n, SEG, Instruction.SS, bytes, into);
            case DS -> set(n, SEG, Instruction.DS, bytes, into);
            case FS -> set(n, SEG, Instruction.FS, bytes, into);
            case GS -> set(n, SEG, Instruction.GS, bytes, into);
            case ST0 -> set(n, ST, 0, bytes, into);
            case STI -> set(n, ST, into.modrm & 7, bytes, into);
            case XMM0 -> set(n, XMM, 0, bytes, into);
            default -> throw new AssertionError(place);
        }
    }

    /// Operands behind ModRM, SIB and displacement, and those of string instructions.
    private static void afterAddress(OperandSpec spec, int n, int bytes, byte[] code, int start,
                                     Instruction into) {
        switch (spec.place) {
            case IMM_BYTE -> immediate(n, bytes, Bytes.take8(code, start, into) & 0xff, into);
            case IMM_BYTE_SIGNED -> immediate(n, bytes, Bytes.take8(code, start, into), into);
            case IMM_WORD -> immediate(n, bytes, Bytes.take16(code, start, into) & 0xffff, into);
            case IMM_OPERAND -> immediate(n, bytes, Bytes.take(code, start, Math.min(bytes, 4), into), into);
            case IMM_FULL -> immediate(n, bytes, Bytes.take(code, start, bytes, into), into);
            case IMM_VECTOR -> {
                int reg = (int) Bytes.take8(code, start, into) >> 4;
                vector(n, reg & (into.codeBits == 64 ? 15 : 7), bytes, into);
            }
            case ONE -> immediate(n, bytes, 1, into);
            case IMM2_BYTE -> {
                set(n, IMM2, 0, bytes, into);
                into.immediate2 = Bytes.take8(code, start, into) & 0xff;
            }
            case REL_BYTE -> {
                set(n, REL, 0, bytes, into);
                into.immediate = Bytes.take8(code, start, into);
            }
            case REL_OPERAND -> {
                set(n, REL, 0, bytes, into);
                into.immediate = Bytes.take(code, start, Math.min(into.operandBytes, 4), into);
            }
            case FAR -> {
                set(n, Instruction.FAR, 0, bytes, into);
                into.immediate = Bytes.take(code, start, into.operandBytes, into) & offsetMask(into);
                into.immediate2 = Bytes.take16(code, start, into) & 0xffff;
            }
            case MOFFS -> {
                set(n, MEM, 0, bytes, into);
                into.displacement = Bytes.take(code, start, into.addressBytes, into);
            }
            case STRING_SOURCE -> string(n, bytes, RSI, into);
            case STRING_TARGET -> string(n, bytes, RDI, into);
            default -> throw new AssertionError(spec);
        }
    }

    private static long offsetMask(Instruction into) {
        return into.operandBytes == 2 ? 0xffff : 0xffff_ffffL;
    }

    private static void immediate(int n, int bytes, long value, Instruction into) {
        set(n, IMM, 0, bytes, into);
        into.immediate = value;
    }

    /// A string operand; the register that addresses it is in `reg`.
    private static void string(int n, int bytes, int reg, Instruction into) {
        set(n, MEM, reg, bytes, into);
    }

    private static void set(int n, int kind, int reg, int bytes, Instruction into) {
        switch (n) {
            case 0 -> {
                into.kind0 = (byte) kind;
                into.reg0 = (byte) reg;
                into.bytes0 = (byte) bytes;
            }
            case 1 -> {
                into.kind1 = (byte) kind;
                into.reg1 = (byte) reg;
                into.bytes1 = (byte) bytes;
            }
            case 2 -> {
                into.kind2 = (byte) kind;
                into.reg2 = (byte) reg;
                into.bytes2 = (byte) bytes;
            }
            default -> {
                into.kind3 = (byte) kind;
                into.reg3 = (byte) reg;
                into.bytes3 = (byte) bytes;
            }
        }
    }

    private static int bytes(Width width, Instruction into) {
        return switch (width) {
            case NONE -> 0;
            case BYTE -> 1;
            case WORD -> 2;
            case DWORD -> 4;
            case QWORD -> 8;
            case TBYTE -> 10;
            case DQWORD -> 16;
            case OPERAND -> into.operandBytes;
            case OPERAND_TO_32 -> Math.min(into.operandBytes, 4);
            case DWORD_OR_QWORD -> into.has(REX_W) ? 8 : 4;
            case QWORD_OR_DQWORD -> into.has(REX_W) ? 16 : 8;
            case MODE -> into.codeBits == 64 ? 8 : 4;
            case FAR_POINTER -> into.operandBytes + 2;
            case BOUNDS -> 2 * into.operandBytes;
            case TABLE -> into.codeBits == 64 ? 10 : 6;
            case VECTOR -> into.vectorBytes;
            case HALF_VECTOR -> into.vectorBytes / 2;
            case QUARTER_VECTOR -> into.vectorBytes / 4;
            case EIGHTH_VECTOR -> into.vectorBytes / 8;
        };
    }
}
