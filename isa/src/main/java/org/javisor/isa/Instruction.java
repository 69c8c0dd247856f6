// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

/// One decoded instruction, as the executing side wants it: flat fields, filled in once by [Decoder] and
/// constant from then on. Fields are public and not final because an interpreter reads several of them per
/// instruction.
///
/// Operands are numbered 0 to 3 in the manual's order, destination first. At most one of them is a ModRM
/// memory operand, described by [#segment], [#base], [#index], [#scaleShift] and [#displacement].
public class Instruction {
    // Operand kinds.
    public static final int NONE = 0;
    /// A general register; `reg` 0 to 15, and for 1-byte operands 16 to 19 for AH, CH, DH, BH.
    public static final int GPR = 1;
    /// Memory at the effective address; string operands and moffs too.
    public static final int MEM = 2;
    /// [#immediate], already sign- or zero-extended to the operand's size as the opcode says.
    public static final int IMM = 3;
    /// [#immediate2]: the second immediate of ENTER, EXTRQ and INSERTQ.
    public static final int IMM2 = 4;
    /// A branch target: [#immediate] is a signed distance from the next instruction.
    public static final int REL = 5;
    /// A far pointer in the instruction: offset in [#immediate], selector in [#immediate2].
    public static final int FAR = 6;
    /// A segment register, numbered as in [#segment].
    public static final int SEG = 7;
    public static final int CR = 8;
    public static final int DR = 9;
    /// An x87 register relative to the top of the stack.
    public static final int ST = 10;
    public static final int MMX = 11;
    public static final int XMM = 12;
    public static final int YMM = 13;

    // Segment registers, as encoded in ModRM.reg and in prefixes' order.
    public static final int ES = 0, CS = 1, SS = 2, DS = 3, FS = 4, GS = 5;

    /// [#base] of a RIP-relative operand.
    public static final int RIP = 16;
    /// [#base] or [#index] when there is none.
    public static final int ABSENT = 17;

    // Bits of prefixes.
    public static final int LOCK = 1, REP = 2, REPNE = 4, OPERAND_SIZE = 8, ADDRESS_SIZE = 16, REX = 32,
            REX_W = 64, SEGMENT_OVERRIDE = 128;

    /// The row of the opcode map; [OpcodeRow#UNDEFINED] for bytes that are no instruction.
    public OpcodeRow row;
    /// In bytes, 1 to 15.
    public byte length;
    /// 16, 32 or 64: the mode the bytes were decoded for.
    public byte codeBits;
    /// Effective operand size in bytes: 2, 4 or 8.
    public byte operandBytes;
    /// Effective address size in bytes: 2, 4 or 8.
    public byte addressBytes;
    /// LOCK, REP and so on, as found (also where they are a mandatory prefix or without meaning). Of REP and
    /// REPNE the one that came last; REX only directly before the opcode; segment overrides only where they
    /// have an effect.
    public short prefixes;
    /// The ModRM byte, or -1.
    public short modrm;

    /// VEX.vvvv, 0 without a VEX prefix.
    public byte vex;
    /// By VEX.L: 16 or 32; 0 without a VEX prefix.
    public byte vectorBytes;
    /// Size of the vector register [#index] of a gather; 0 where [#index] is a general register.
    public byte indexBytes;

    public byte kind0, kind1, kind2, kind3;
    public byte reg0, reg1, reg2, reg3;
    /// Sizes of the operands in bytes: 1, 2, 4, 6, 8, 10, 16, 32; 0 where the instruction defines it (FXSAVE,
    /// LEA, INVLPG).
    public byte bytes0, bytes1, bytes2, bytes3;

    /// Segment of the memory operand, default or overridden. For string instructions that of the source
    /// (DS:rSI), and set too where the memory operand is implied (XLAT, MASKMOVQ, MONITOR).
    public byte segment;
    /// 0 to 15, [#RIP] or [#ABSENT].
    public byte base;
    /// 0 to 15 or [#ABSENT]; an XMM or YMM register if [#indexBytes] is not 0.
    public byte index;
    /// 0 to 3.
    public byte scaleShift;
    /// Sign-extended. The effective address is to be cut to [#addressBytes].
    public long displacement;

    public long immediate;
    public long immediate2;

    public final Mnemonic mnemonic() {
        return row.mnemonic();
    }

    public final boolean has(int prefix) {
        return (prefixes & prefix) != 0;
    }

    public final int kind(int operand) {
        return switch (operand) {
            case 0 -> kind0;
            case 1 -> kind1;
            case 2 -> kind2;
            case 3 -> kind3;
            default -> NONE;
        };
    }

    public final int reg(int operand) {
        return switch (operand) {
            case 0 -> reg0;
            case 1 -> reg1;
            case 2 -> reg2;
            case 3 -> reg3;
            default -> throw new IndexOutOfBoundsException(operand);
        };
    }

    public final int bytes(int operand) {
        return switch (operand) {
            case 0 -> bytes0;
            case 1 -> bytes1;
            case 2 -> bytes2;
            case 3 -> bytes3;
            default -> throw new IndexOutOfBoundsException(operand);
        };
    }
}
