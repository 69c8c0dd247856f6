// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.Instruction.LOCK;
import static org.javisor.isa.Instruction.OPERAND_SIZE;
import static org.javisor.isa.Instruction.REP;
import static org.javisor.isa.Instruction.REPNE;
import static org.javisor.isa.Instruction.REX;
import static org.javisor.isa.Instruction.REX_W;

/// Reads instructions behind a VEX prefix, which stands for REX, the mandatory prefix and the escape bytes,
/// and names one more register.
///
/// ```
/// C5  R'vvvvLpp                     map 0F
/// C4  R'X'B'mmmmm  WvvvvLpp         map mmmmm: 1 is 0F, 2 is 0F 38, 3 is 0F 3A
/// ```
/// R', X', B' and vvvv are inverted. L says how long vectors are, W how wide elements or general registers;
/// rows that mind them say so, and are apart from others in [DecodeTable#vex].
///
/// @sdm vol. 2A §2.3.5 "The VEX Prefix"
final class VexDecoder {
    private static final int THREE_BYTES = 0xc4;
    private static final int LENGTH_256 = 4, VVVV = 0x78, WIDE = 0x80;

    private VexDecoder() { }

    /// Whether a VEX prefix is at `code[at]`: outside 64-bit mode the byte behind it tells it from LES and
    /// LDS with memory.
    static boolean isVex(byte[] code, int at, int codeBits) {
        return (code[at] & 0xfe) == THREE_BYTES && (codeBits == 64 || (code[at + 1] & 0xc0) == 0xc0);
    }

    /// Reads the whole instruction, from the VEX prefix on.
    static OpcodeRow decodeRow(byte[] code, int start, Instruction into) {
        boolean is64 = into.codeBits == 64;
        boolean refused = into.has(LOCK | REP | REPNE | OPERAND_SIZE | REX);
        boolean threeBytes = (code[start + into.length++] & 0xff) == THREE_BYTES;
        int first = code[start + into.length++] & 0xff;
        int last = threeBytes ? code[start + into.length++] & 0xff : first;
        // Without the inversion R, X and B are in the places that they have in REX.
        int rex = is64 ? threeBytes ? ~first >> 5 & 7 | last >> 4 & 8 : ~first >> 5 & 4 : 0;
        into.prefixes |= (short) ((rex & 8) != 0 ? REX_W : 0);
        into.vex = (byte) (~last >> 3 & (is64 ? 15 : 7));
        into.vectorBytes = (byte) ((last & LENGTH_256) != 0 ? 32 : 16);
        int map = threeBytes ? first & 31 : 1;
        int opcode = code[start + into.length++] & 0xff;
        if (refused || map == 0 || map > 3) {
            return OpcodeRow.UNDEFINED;
        }
        // W chooses among rows outside 64-bit mode too, though it makes no operand wider.
        boolean w = threeBytes && (last & WIDE) != 0;
        OpcodeEntry entry = DecodeTable.of(into).vex(map, into.vectorBytes == 32, w, opcode);
        if (entry.hasModrm) {
            into.modrm = (short) (code[start + into.length++] & 0xff);
        }
        // The numbers of mandatory prefixes are those that pp has for them.
        OpcodeRow row = entry.select(last & 3, into.modrm);
        Decoder.sizes(row, into);
        if (row == OpcodeRow.UNDEFINED || (last & VVVV) != VVVV && !usesVvvv(row)) {
            return OpcodeRow.UNDEFINED;
        }
        int sib = start + into.length;
        if (entry.hasModrm && into.modrm < 0xc0) {
            AddressDecoder.decode(code, start, rex, into);
        }
        boolean defined = OperandDecoder.decode(row, code, start, opcode, rex, into);
        if (into.indexBytes != 0) {
            defined &= vectorIndexes(code[sib] & 0xff, rex, into);
        }
        return defined ? row : OpcodeRow.UNDEFINED;
    }

    private static boolean usesVvvv(OpcodeRow row) {
        for (OperandSpec spec : row.operands()) {
            if (spec.usesVvvv()) {
                return true;
            }
        }
        return false;
    }

    /// The SIB byte of a gather, whose index is a vector register and always there.
    ///
    /// @return whether there is one, and destination, index and mask are three registers
    /// @sdm vol. 2A §2.3.12 "Vector SIB (VSIB) Memory Addressing"
    private static boolean vectorIndexes(int sib, int rex, Instruction into) {
        into.index = (byte) (sib >> 3 & 7 | (rex & 2) << 2);
        into.scaleShift = (byte) (sib >> 6);
        boolean hasSib = into.addressBytes != 2 && (into.modrm & 7) == 4;
        return hasSib && into.index != into.reg0 && into.index != into.reg2 && into.reg0 != into.reg2;
    }
}
