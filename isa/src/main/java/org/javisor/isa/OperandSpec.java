// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

/// How an operand is encoded and how wide it is, in the notation of the manual: a capital for the place,
/// small letters for the width. Where the manual's letter stands for several vector widths, the size of the
/// memory operand in bits is written instead (`W128`, `W64`).
///
/// A register or memory operand has the same size in [Instruction#bytes0] whichever it is, but for the specs
/// whose name starts with R: their register form is wider.
///
/// @sdm vol. 2D appendix A.2 "Key to Abbreviations"
public enum OperandSpec {
    // ModRM.rm: general register or memory
    Eb(Place.RM, Width.BYTE), Ew(Place.RM, Width.WORD), Ed(Place.RM, Width.DWORD),
    Ev(Place.RM, Width.OPERAND),
    /// Operand size, but never more than 4 bytes: the source of MOVSXD.
    Ez(Place.RM, Width.OPERAND_TO_32),
    /// 8 bytes with REX.W, else 4, whatever the operand size.
    Ey(Place.RM, Width.DWORD_OR_QWORD),
    /// Memory of 2 bytes or a register of operand size: SLDT, MOV from a segment register.
    RvMw(Place.RM, Width.OPERAND, Width.WORD),
    /// Memory of 1 or 2 bytes or a 32-bit register: PEXTRB, PINSRW.
    RdMb(Place.RM, Width.DWORD, Width.BYTE), RdMw(Place.RM, Width.DWORD, Width.WORD),
    /// ModRM.rm is a general register whatever ModRM.mod says (MOV to and from control registers); 8 bytes in
    /// 64-bit mode, else 4.
    Rm(Place.RM_REGISTER, Width.MODE),
    /// ModRM.rm is a general register; of operand size.
    Rv(Place.RM, Width.OPERAND),
    /// ModRM.rm is a general register; 8 bytes with REX.W, else 4.
    Ry(Place.RM, Width.DWORD_OR_QWORD),

    // ModRM.reg: general register
    Gb(Place.REG, Width.BYTE), Gw(Place.REG, Width.WORD), Gd(Place.REG, Width.DWORD),
    Gv(Place.REG, Width.OPERAND),
    Gy(Place.REG, Width.DWORD_OR_QWORD),
    /// 8 bytes in 64-bit mode, else 4: INVPCID.
    Gm(Place.REG, Width.MODE),

    /// The general register in VEX.vvvv.
    By(Place.VEX, Width.DWORD_OR_QWORD),

    // Memory alone
    /// Of a size that the instruction defines, or without access (LEA, INVLPG): 0.
    M(Place.RM, Width.NONE),
    Mb(Place.RM, Width.BYTE), Mw(Place.RM, Width.WORD), Md(Place.RM, Width.DWORD), Mq(Place.RM, Width.QWORD),
    Mt(Place.RM, Width.TBYTE), M128(Place.RM, Width.DQWORD), Mv(Place.RM, Width.OPERAND),
    My(Place.RM, Width.DWORD_OR_QWORD),
    /// A far pointer: offset of operand size, then the selector; 4, 6 or 10 bytes.
    Mp(Place.RM, Width.FAR_POINTER),
    /// The two bounds of BOUND.
    Ma(Place.RM, Width.BOUNDS),
    /// Limit and base of a descriptor table; 10 bytes in 64-bit mode, else 6.
    Ms(Place.RM, Width.TABLE),
    /// 16 bytes with REX.W, else 8: CMPXCHG8B.
    Mx(Place.RM, Width.QWORD_OR_DQWORD),

    // Immediates
    /// One byte, not extended.
    Ib(Place.IMM_BYTE, Width.BYTE),
    /// One byte, sign-extended to operand size.
    IbSigned(Place.IMM_BYTE_SIGNED, Width.OPERAND),
    Iw(Place.IMM_WORD, Width.WORD),
    /// 2 or 4 bytes, sign-extended to operand size.
    Iz(Place.IMM_OPERAND, Width.OPERAND),
    /// 2, 4 or 8 bytes: MOV to a register.
    Iv(Place.IMM_FULL, Width.OPERAND),
    /// The constant 1 of the short shift forms.
    One(Place.ONE, Width.BYTE),
    /// The second immediate: nesting level of ENTER.
    Ib2(Place.IMM2_BYTE, Width.BYTE),
    Jb(Place.REL_BYTE, Width.NONE), Jz(Place.REL_OPERAND, Width.NONE),
    /// Offset and selector in the instruction.
    Ap(Place.FAR, Width.FAR_POINTER),

    // Memory without ModRM
    Ob(Place.MOFFS, Width.BYTE), Ov(Place.MOFFS, Width.OPERAND),
    /// DS:rSI, or another segment's.
    Xb(Place.STRING_SOURCE, Width.BYTE), Xv(Place.STRING_SOURCE, Width.OPERAND),
    Xz(Place.STRING_SOURCE, Width.OPERAND_TO_32),
    /// ES:rDI always.
    Yb(Place.STRING_TARGET, Width.BYTE), Yv(Place.STRING_TARGET, Width.OPERAND),
    Yz(Place.STRING_TARGET, Width.OPERAND_TO_32),

    // General registers that the opcode implies or contains
    AL(Place.ACCUMULATOR, Width.BYTE), AX(Place.ACCUMULATOR, Width.WORD),
    rAX(Place.ACCUMULATOR, Width.OPERAND),
    /// AX or EAX: IN and OUT.
    eAX(Place.ACCUMULATOR, Width.OPERAND_TO_32),
    CL(Place.COUNTER, Width.BYTE), DX(Place.DATA, Width.WORD),
    Zb(Place.OPCODE, Width.BYTE), Zv(Place.OPCODE, Width.OPERAND),

    // Segment, control and debug registers
    Sw(Place.REG_SEGMENT, Width.WORD), Cd(Place.REG_CONTROL, Width.MODE), Dd(Place.REG_DEBUG, Width.MODE),
    ES(Place.ES, Width.WORD), CS(Place.CS, Width.WORD), SS(Place.SS, Width.WORD), DS(Place.DS, Width.WORD),
    FS(Place.FS, Width.WORD), GS(Place.GS, Width.WORD),

    // x87
    ST0(Place.ST0, Width.TBYTE), STi(Place.STI, Width.TBYTE),

    // MMX: P is ModRM.reg, Q is register or memory, N a register in ModRM.rm
    Pq(Place.REG_MMX, Width.QWORD), Qq(Place.RM_MMX, Width.QWORD), Qd(Place.RM_MMX, Width.DWORD),
    Nq(Place.RM_MMX, Width.QWORD),

    // XMM: V is ModRM.reg, W is register or memory, U a register in ModRM.rm
    V128(Place.REG_XMM, Width.DQWORD), V64(Place.REG_XMM, Width.QWORD), V32(Place.REG_XMM, Width.DWORD),
    W128(Place.RM_XMM, Width.DQWORD), W64(Place.RM_XMM, Width.QWORD), W32(Place.RM_XMM, Width.DWORD),
    W16(Place.RM_XMM, Width.WORD), U128(Place.RM_XMM, Width.DQWORD), U64(Place.RM_XMM, Width.QWORD),
    /// The implicit third operand of BLENDVPS and its like.
    XMM0(Place.XMM0, Width.DQWORD),

    // Behind a VEX prefix: H is the register in VEX.vvvv, L that in the upper half of an immediate byte; x is
    // 16 or 32 bytes by VEX.L, and XMM or YMM
    H128(Place.VEX_VECTOR, Width.DQWORD), Hx(Place.VEX_VECTOR, Width.VECTOR),
    Vx(Place.REG_XMM, Width.VECTOR), Wx(Place.RM_XMM, Width.VECTOR), Ux(Place.RM_XMM, Width.VECTOR),
    Lx(Place.IMM_VECTOR, Width.VECTOR), Mvx(Place.RM, Width.VECTOR),
    /// A half, a quarter, an eighth of a vector, in an XMM register or memory.
    Wxh(Place.RM_XMM, Width.HALF_VECTOR), Wxq(Place.RM_XMM, Width.QUARTER_VECTOR),
    Wxe(Place.RM_XMM, Width.EIGHTH_VECTOR), W8(Place.RM_XMM, Width.BYTE),
    /// Elements of 4 or 8 bytes at addresses with indexes in a vector register, of 16 bytes or x: gathers.
    VMxd(Place.RM_INDEXES, Width.VECTOR, Width.DWORD), VMxq(Place.RM_INDEXES, Width.VECTOR, Width.QWORD),
    VM128q(Place.RM_INDEXES, Width.DQWORD, Width.QWORD);

    /// Where an operand is found.
    public enum Place {
        // In the ModRM byte
        RM, RM_REGISTER, RM_MMX, RM_XMM, RM_INDEXES, REG, REG_SEGMENT, REG_CONTROL, REG_DEBUG, REG_MMX, REG_XMM, STI,
        // In the VEX prefix or the opcode, or implied
        VEX, VEX_VECTOR, OPCODE, ACCUMULATOR, COUNTER, DATA, ES, CS, SS, DS, FS, GS, ST0, XMM0,
        // Behind ModRM byte and displacement, or addressed by implied registers
        IMM_BYTE, IMM_BYTE_SIGNED, IMM_WORD, IMM_OPERAND, IMM_FULL, IMM2_BYTE, IMM_VECTOR, ONE, REL_BYTE, REL_OPERAND,
        FAR, MOFFS, STRING_SOURCE, STRING_TARGET;

        boolean inModrm() {
            return ordinal() <= STI.ordinal();
        }
    }

    /// How wide an operand is: fixed, or by operand size, REX.W or mode.
    enum Width {
        NONE, BYTE, WORD, DWORD, QWORD, TBYTE, DQWORD, OPERAND, OPERAND_TO_32, DWORD_OR_QWORD, QWORD_OR_DQWORD,
        MODE, FAR_POINTER, BOUNDS, TABLE,
        VECTOR, HALF_VECTOR, QUARTER_VECTOR, EIGHTH_VECTOR
    }

    final Place place;
    final Width width;
    /// Of the operand in memory.
    final Width memoryWidth;

    OperandSpec(Place place, Width width) {
        this(place, width, width);
    }

    OperandSpec(Place place, Width width, Width memoryWidth) {
        this.place = place;
        this.width = width;
        this.memoryWidth = memoryWidth;
    }

    public Place place() {
        return place;
    }

    /// Whether the operand can be memory that ModRM names.
    public boolean canBeMemory() {
        return place == Place.RM || place == Place.RM_MMX || place == Place.RM_XMM
                || place == Place.RM_INDEXES;
    }

    /// Whether the operand is a vector register, or memory in place of one.
    public boolean isVector() {
        return switch (place) {
            case RM_XMM, REG_XMM, VEX_VECTOR, RM_INDEXES, XMM0, IMM_VECTOR -> true;
            default -> false;
        };
    }

    /// Whether a ModRM byte names the operand.
    public boolean usesModrm() {
        return place.inModrm();
    }

    /// Whether VEX.vvvv names the operand.
    public boolean usesVvvv() {
        return place == Place.VEX || place == Place.VEX_VECTOR;
    }

    /// Whether the operand is an MMX register, or can be one.
    public boolean isMmx() {
        return place == Place.REG_MMX || place == Place.RM_MMX;
    }

    /// Whether the operand is memory with indexes in a vector register.
    public boolean hasVectorIndexes() {
        return place == Place.RM_INDEXES;
    }

    /// Whether the operand is the register in the upper half of an immediate byte.
    public boolean isImmediateRegister() {
        return place == Place.IMM_VECTOR;
    }

    /// Whether the operand size (66, REX.W) decides about its width.
    public boolean hasOperandSize() {
        return switch (width) {
            case OPERAND, OPERAND_TO_32, FAR_POINTER, BOUNDS -> true;
            default -> false;
        };
    }

    /// Whether REX.W, but not 66, decides about its width.
    public boolean dependsOnRexW() {
        return width == Width.DWORD_OR_QWORD || width == Width.QWORD_OR_DQWORD;
    }
}
