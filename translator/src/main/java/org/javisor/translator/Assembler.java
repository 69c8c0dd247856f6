// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.util.Arrays;

/// Writes host instructions, one after another.
///
/// An opcode is packed: the last byte; the map in bits 8 to 11 (0 one-byte, 1 0F, 2 0F 38, 3 0F 3A, as in `OpcodeRow`);
/// a mandatory prefix in bits 16 to 23. Sizes are in bytes: 2 gives a 66 prefix, 8 gives REX.W. General registers are
/// numbered 0 to 15; 16 to 19 are AH, CH, DH, BH.
final class Assembler {
    static final int RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7;
    static final int R12 = 12, R13 = 13, R14 = 14, R15 = 15;

    static final int MAP_0F = 0x100;
    static final int NARROW_REG = 1, NARROW_RM = 2;
    static final int VEX_L = 4, VEX_W = 0x80;
    static final int ADD = 0x01, AND = 0x21, SUB = 0x29, XOR = 0x31, CMP = 0x39, CMP_LOAD = 0x3b, TEST = 0x85;
    static final int STORE = 0x89, LOAD = 0x8b, LEA = 0x8d;
    static final int MOVZX_BYTE = MAP_0F | 0xb6, MOVZX_WORD = MAP_0F | 0xb7;
    /// Extensions of the immediate group 81 and 83.
    static final int ADD_IMM = 0, OR_IMM = 1, AND_IMM = 4, SUB_IMM = 5, XOR_IMM = 6, CMP_IMM = 7;
    /// Extensions of the shift group C1.
    static final int SHL_IMM = 4, SHR_IMM = 5, SAR_IMM = 7;
    /// Condition codes, as in the low bits of Jcc.
    static final int GREATER_OR_EQUAL = 13;
    static final int BELOW = 2, ABOVE_OR_EQUAL = 3, EQUAL = 4, NOT_EQUAL = 5, BELOW_OR_EQUAL = 6, ABOVE = 7,
            SIGN = 8, PARITY = 10;

    private byte[] code = new byte[4096];
    private int length;
    private final RegisterCopy copy = new RegisterCopy();

    int length() {
        return length;
    }

    byte[] bytes() {
        return Arrays.copyOf(code, length);
    }

    void reset() {
        length = 0;
        copy.forget();
    }

    // ---- bytes ----

    void byte1(int value) {
        if (length == code.length) {
            code = Arrays.copyOf(code, 2 * length);
        }
        code[length++] = (byte) value;
    }

    /// Among them must be no instruction that changes R14.
    void bytes(int... values) {
        for (int value : values) {
            byte1(value);
        }
    }

    void immediate(long value, int bytes) {
        for (int n = 0; n < bytes; n++) {
            byte1((int) (value >> 8 * n));
        }
    }

    void patch1(int at, int value) {
        code[at] = (byte) value;
    }

    void patch4(int at, int value) {
        for (int n = 0; n < 4; n++) {
            code[at + n] = (byte) (value >> 8 * n);
        }
    }

    // ---- instructions with a ModRM byte ----

    /// `reg` is ModRM.reg, a register or an extension of the opcode; `rm` is a register.
    void op(int opcode, int size, int reg, int rm) {
        op(opcode, size, 0, reg, rm);
    }

    /// @param narrow which registers are 8 bits wide, so that 4 to 7 need a REX prefix: [#NARROW_REG], [#NARROW_RM]
    void op(int opcode, int size, int narrow, int reg, int rm) {
        boolean rex = (narrow & NARROW_REG) != 0 && reg >= 4 && reg < 8
                || (narrow & NARROW_RM) != 0 && rm >= 4 && rm < 8;
        prefixes(opcode, size, rex, low(reg), 0, low(rm));
        opcode(opcode);
        byte1(0xc0 | (low(reg) & 7) << 3 | low(rm) & 7);
        copy.changed(reg);
        copy.changed(rm);
    }

    /// As [#op], with memory in place of `rm`.
    void op(int opcode, int size, int reg, Address rm) {
        op(opcode, size, 0, reg, rm);
    }

    void op(int opcode, int size, int narrow, int reg, Address rm) {
        prefixes(opcode, size, (narrow & NARROW_REG) != 0 && reg >= 4 && reg < 8, low(reg), Math.max(rm.index(), 0),
                Math.max(rm.base(), 0));
        opcode(opcode);
        modrm((low(reg) & 7) << 3, rm);
        copy.changed(reg);
        copy.changed(rm);
    }

    /// AH to BH are encoded as the registers 4 to 7 are without REX.
    private static int low(int reg) {
        return reg >= 16 ? reg - 12 : reg;
    }

    private void prefixes(int opcode, int size, boolean rex, int reg, int index, int base) {
        int mandatory = opcode >>> 16;
        if (size == 2 && mandatory != 0x66) {
            byte1(0x66);
        }
        if (mandatory != 0) {
            byte1(mandatory);
        }
        int bits = (size == 8 ? 8 : 0) | reg >> 3 << 2 | index >> 3 << 1 | base >> 3;
        if (bits != 0 || rex) {
            byte1(0x40 | bits);
        }
    }

    private void opcode(int opcode) {
        switch (opcode >> 8 & 0xf) {
            case 1 -> byte1(0x0f);
            case 2 -> bytes(0x0f, 0x38);
            case 3 -> bytes(0x0f, 0x3a);
            default -> { }
        }
        byte1(opcode);
    }

    private void modrm(int reg, Address rm) {
        if (rm.base() == Address.NONE) {
            bytes(reg | 4, rm.shift() << 6 | (rm.index() == Address.NONE ? 4 : rm.index() & 7) << 3 | 5);
            immediate(rm.displacement(), 4);
            return;
        }
        int mod = mod(rm);
        int base = rm.base() & 7;
        if (rm.index() != Address.NONE || base == RSP) {
            bytes(mod << 6 | reg | 4, rm.shift() << 6 | (rm.index() == Address.NONE ? 4 : rm.index() & 7) << 3 | base);
        } else {
            byte1(mod << 6 | reg | base);
        }
        immediate(rm.displacement(), mod == 2 ? 4 : mod);
    }

    private static int mod(Address rm) {
        if (rm.displacement() == 0 && (rm.base() & 7) != RBP) {
            return 0;
        }
        return (byte) rm.displacement() == rm.displacement() ? 1 : 2;
    }

    /// An instruction behind a VEX prefix.
    ///
    /// @param bits   [#VEX_W], [#VEX_L]
    /// @param second what VEX.vvvv names; 0 if nothing
    void vex(int opcode, int bits, int reg, int second, int rm) {
        vexPrefix(opcode, bits, reg, second, 0, rm);
        byte1(opcode);
        byte1(0xc0 | (reg & 7) << 3 | rm & 7);
        copy.changed(reg);
        copy.changed(second);
        copy.changed(rm);
    }

    /// As [#vex], with memory in place of `rm`.
    void vex(int opcode, int bits, int reg, int second, Address rm) {
        vexPrefix(opcode, bits, reg, second, Math.max(rm.index(), 0), Math.max(rm.base(), 0));
        byte1(opcode);
        modrm((reg & 7) << 3, rm);
        copy.changed(reg);
        copy.changed(second);
        copy.changed(rm);
    }

    /// As [#vex], without a ModRM byte.
    void vexPlain(int opcode, int bits) {
        vexPrefix(opcode, bits, 0, 0, 0, 0);
        byte1(opcode);
    }

    /// The form of two bytes has room for neither W, nor X and B, nor another map.
    private void vexPrefix(int opcode, int bits, int reg, int second, int index, int base) {
        int mandatory = switch (opcode >>> 16) {
            case 0x66 -> 1;
            case 0xf3 -> 2;
            case 0xf2 -> 3;
            default -> 0;
        };
        int map = opcode >> 8 & 0xf;
        int last = bits | (~second & 15) << 3 | mandatory;
        if (map == 1 && (bits & VEX_W) == 0 && index < 8 && base < 8) {
            bytes(0xc5, (~reg & 8) << 4 | last);
        } else {
            bytes(0xc4, (~reg & 8) << 4 | (~index & 8) << 3 | (~base & 8) << 2 | map, last);
        }
    }

    /// An instruction with its register in the low bits of the opcode.
    void opWithRegister(int opcode, int size, boolean narrow, int reg) {
        prefixes(opcode, size, narrow && reg >= 4 && reg < 8, 0, 0, low(reg));
        opcode(opcode | low(reg) & 7);
        copy.changed(reg);
    }

    /// An instruction without operands to encode.
    void plain(int opcode, int size) {
        prefixes(opcode, size, false, 0, 0, 0);
        opcode(opcode);
    }

    // ---- what the translator needs by itself ----

    void move(int to, int from) {
        op(LOAD, 8, to, from);
    }

    void load(int to, Address from) {
        if (!copy.isOf(from)) {
            op(LOAD, 8, to, from);
            copyIf(to, from);
        } else if (to != R14) {
            move(to, R14);
            copy.is(from);
        }
    }

    void store(Address to, int from) {
        op(STORE, 8, from, to);
        copyIf(from, to);
    }

    private void copyIf(int reg, Address memory) {
        if (reg == R14) {
            copy.is(memory);
        }
    }

    /// What R14 is a copy of.
    RegisterCopy copy() {
        return copy;
    }

    void loadZeroExtended(int to, Address from, int bytes) {
        switch (bytes) {
            case 1 -> op(MOVZX_BYTE, 4, to, from);
            case 2 -> op(MOVZX_WORD, 4, to, from);
            default -> op(LOAD, bytes, to, from);
        }
    }

    void lea(int to, Address address) {
        op(LEA, 8, to, address);
    }

    /// One of the eight operations of group 81.
    void immediateOp(int extension, int size, int reg, int value) {
        boolean small = (byte) value == value;
        op(small ? 0x83 : 0x81, size, extension, reg);
        immediate(value, small ? 1 : 4);
    }

    void immediateOp(int extension, int size, Address memory, int value) {
        boolean small = (byte) value == value;
        op(small ? 0x83 : 0x81, size, extension, memory);
        immediate(value, small ? 1 : 4);
    }

    void shift(int extension, int size, int reg, int count) {
        op(0xc1, size, extension, reg);
        byte1(count);
    }

    /// RORX of 32 bits: changes no flags.
    void rotateRight(int to, int from, int count) {
        bytes(0xc4, (to >= 8 ? 0 : 0x80) | 0x40 | (from >= 8 ? 0 : 0x20) | 3, 0x7b, 0xf0,
                0xc0 | (to & 7) << 3 | from & 7, count);
    }

    /// MOV of 32 bits, zero-extended, which leaves the flags alone.
    void storeImmediate(int to, int value) {
        op(0xc7, 4, 0, to);
        immediate(value, 4);
    }

    /// Stores 4 bytes.
    void storeImmediate(Address to, int value) {
        op(0xc7, 4, 0, to);
        immediate(value, 4);
    }

    /// Tests bits of the byte at `memory`.
    void testByte(Address memory, int bits) {
        op(0xf6, 1, 0, memory);
        immediate(bits, 1);
    }

    void push(int reg) {
        opWithRegister(0x50, 4, false, reg);
    }

    void pop(int reg) {
        opWithRegister(0x58, 4, false, reg);
    }

    /// Has a register point to code.
    ///
    /// @return where the distance is, to be patched
    int leaOfCode(int reg) {
        prefixes(LEA, 8, false, reg, 0, 0);
        opcode(LEA);
        byte1((reg & 7) << 3 | 5);
        immediate(0, 4);
        copy.changed(reg);
        return length - 4;
    }

    /// @return where the distance is, to be patched
    int call() {
        copy.forget();
        byte1(0xe8);
        immediate(0, 4);
        return length - 4;
    }

    /// @return where the distance is, to be patched
    int jump() {
        byte1(0xe9);
        immediate(0, 4);
        return length - 4;
    }

    /// @return where the distance is, to be patched
    int jumpIf(int condition) {
        bytes(0x0f, 0x80 | condition);
        immediate(0, 4);
        return length - 4;
    }

    /// A jump to code that is there already.
    void jumpTo(int position) {
        int distance = position - (length + 2);
        if ((byte) distance == distance) {
            bytes(0xeb, distance);
        } else {
            patch4(jump(), position - length);
        }
    }

    /// As [#jumpTo], if the condition is fulfilled.
    void jumpTo(int condition, int position) {
        int distance = position - (length + 2);
        if ((byte) distance == distance) {
            bytes(0x70 | condition, distance);
        } else {
            patch4(jumpIf(condition), position - length);
        }
    }

    /// Has the jump whose distance is at `at` lead to where the next instruction will be.
    void land(int at) {
        copy.forget();
        patch4(at, length - at - 4);
    }

    /// Fills with a NOP until the byte behind `ahead` more is at a multiple of `alignment`, up to 4.
    void align(int alignment, int ahead) {
        int gap = -(length + ahead) & alignment - 1;
        switch (gap) {
            case 1 -> byte1(0x90);
            case 2 -> bytes(0x66, 0x90);
            case 3 -> bytes(0x0f, 0x1f, 0x00);
            default -> { }
        }
    }
}
