// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import java.util.ArrayList;
import java.util.List;
import org.javisor.isa.OpcodeRow.Attribute;
import org.javisor.isa.OperandSpec.Place;

/// The opcode maps as the decoder indexes them, for 64-bit mode or for all others.
final class DecodeTable {
    static final DecodeTable LONG = new DecodeTable(true);
    static final DecodeTable LEGACY = new DecodeTable(false);

    final OpcodeEntry[] oneByte;
    final OpcodeEntry[] twoByte;
    final OpcodeEntry[] threeByte38;
    final OpcodeEntry[] threeByte3A;
    /// By map, VEX.L and VEX.W: see [#vex].
    private final OpcodeEntry[][] vex = new OpcodeEntry[3 * 4][];

    static DecodeTable of(Instruction insn) {
        return insn.codeBits == 64 ? LONG : LEGACY;
    }

    private DecodeTable(boolean is64) {
        int invalid = is64 ? Attribute.NOT_64 : Attribute.ONLY_64;
        oneByte = entries(invalid, OpcodeRow.ONE_BYTE, OpcodeRow.X87);
        twoByte = entries(invalid, OpcodeRow.TWO_BYTE, OpcodeRow.TWO_BYTE);
        threeByte38 = entries(invalid, OpcodeRow.THREE_BYTE_38, OpcodeRow.THREE_BYTE_38);
        threeByte3A = entries(invalid, OpcodeRow.THREE_BYTE_3A, OpcodeRow.THREE_BYTE_3A);
        for (int n = 0; n < vex.length; n++) {
            int refused = ((n & 2) == 0 ? Attribute.VEX_L1 : Attribute.VEX_L0)
                    | ((n & 1) == 0 ? Attribute.VEX_W1 : Attribute.VEX_W0);
            int map = OpcodeRow.VEX_0F + n / 4;
            vex[n] = entries(invalid | refused, map, map);
        }
    }

    /// The entry behind a VEX prefix.
    ///
    /// @param map mmmmm, 1 to 3
    OpcodeEntry vex(int map, boolean l, boolean w, int opcode) {
        return vex[map * 4 - 4 + (l ? 2 : 0) + (w ? 1 : 0)][opcode];
    }

    private static OpcodeEntry[] entries(int invalid, int map, int otherMap) {
        List<List<OpcodeRow>> byOpcode = new ArrayList<>();
        for (int opcode = 0; opcode < 256; opcode++) {
            byOpcode.add(new ArrayList<>(0));
        }
        for (OpcodeRow row : OpcodeMaps.rows()) {
            if ((row.map() == map || row.map() == otherMap) && !row.has(invalid)) {
                for (int register = 0; register < registers(row); register++) {
                    byOpcode.get(row.opcode() + register).add(row);
                }
            }
        }
        OpcodeEntry[] entries = new OpcodeEntry[256];
        for (int opcode = 0; opcode < 256; opcode++) {
            List<OpcodeRow> rows = byOpcode.get(opcode);
            entries[opcode] = rows.isEmpty() ? OpcodeEntry.UNDEFINED : new OpcodeEntry(rows);
        }
        return entries;
    }

    /// Over how many opcodes a row extends: eight where the opcode contains a register. (XCHG, whose first
    /// opcode is NOP, has a row for each of the other seven.)
    private static int registers(OpcodeRow row) {
        if (row.opcode() % 8 == 0) {
            for (OperandSpec spec : row.operands()) {
                if (spec.place == Place.OPCODE) {
                    return 8;
                }
            }
        }
        return 1;
    }
}
