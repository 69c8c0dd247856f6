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
/// R', X', B' and vvvv are inverted.
///
/// @sdm vol. 2A §2.3.5 "The VEX Prefix"
final class VexDecoder {
    private static final int THREE_BYTES = 0xc4;
    private static final int MAP_38 = 2, MAP_3A = 3;
    private static final int LENGTH_256 = 4;

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
        OpcodeEntry[] map = map(threeBytes ? first & 31 : 1, DecodeTable.of(into));
        int opcode = code[start + into.length++] & 0xff;
        if (refused || map == null || (last & LENGTH_256) != 0) {
            return OpcodeRow.UNDEFINED;
        }
        into.modrm = (short) (code[start + into.length++] & 0xff);
        // The numbers of mandatory prefixes are those that pp has for them.
        OpcodeRow row = map[opcode].select(last & 3, into.modrm);
        Decoder.sizes(row, into);
        if (row == OpcodeRow.UNDEFINED) {
            return row;
        }
        if (into.modrm < 0xc0) {
            AddressDecoder.decode(code, start, rex, into);
        }
        return OperandDecoder.decode(row, code, start, opcode, rex, into) ? row : OpcodeRow.UNDEFINED;
    }

    /// Map 0F holds vector instructions alone, and those with 256 bits are vector instructions too: neither
    /// exists without AVX.
    private static OpcodeEntry[] map(int number, DecodeTable table) {
        return switch (number) {
            case MAP_38 -> table.vex38;
            case MAP_3A -> table.vex3A;
            default -> null;
        };
    }
}
