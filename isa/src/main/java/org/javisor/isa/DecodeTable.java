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
    final OpcodeEntry[] vex38;
    final OpcodeEntry[] vex3A;

    static DecodeTable of(Instruction insn) {
        return insn.codeBits == 64 ? LONG : LEGACY;
    }

    private DecodeTable(boolean is64) {
        int invalid = is64 ? Attribute.NOT_64 : Attribute.ONLY_64;
        oneByte = entries(invalid, OpcodeRow.ONE_BYTE, OpcodeRow.X87);
        twoByte = entries(invalid, OpcodeRow.TWO_BYTE, OpcodeRow.TWO_BYTE);
        threeByte38 = entries(invalid, OpcodeRow.THREE_BYTE_38, OpcodeRow.THREE_BYTE_38);
        threeByte3A = entries(invalid, OpcodeRow.THREE_BYTE_3A, OpcodeRow.THREE_BYTE_3A);
        vex38 = entries(invalid, OpcodeRow.VEX_38, OpcodeRow.VEX_38);
        vex3A = entries(invalid, OpcodeRow.VEX_3A, OpcodeRow.VEX_3A);
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
