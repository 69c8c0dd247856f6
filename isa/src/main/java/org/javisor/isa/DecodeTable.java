// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import java.util.ArrayList;
import java.util.Arrays;
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

    private DecodeTable(boolean is64) {
        List<OpcodeRow> valid = OpcodeMaps.rows().stream()
                .filter(row -> !row.has(is64 ? Attribute.NOT_64 : Attribute.ONLY_64)).toList();
        oneByte = entries(valid, OpcodeRow.ONE_BYTE, OpcodeRow.X87);
        twoByte = entries(valid, OpcodeRow.TWO_BYTE, OpcodeRow.TWO_BYTE);
        threeByte38 = entries(valid, OpcodeRow.THREE_BYTE_38, OpcodeRow.THREE_BYTE_38);
        threeByte3A = entries(valid, OpcodeRow.THREE_BYTE_3A, OpcodeRow.THREE_BYTE_3A);
    }

    private static OpcodeEntry[] entries(List<OpcodeRow> rows, int map, int otherMap) {
        List<List<OpcodeRow>> byOpcode = new ArrayList<>();
        for (int opcode = 0; opcode < 256; opcode++) {
            byOpcode.add(new ArrayList<>());
        }
        for (OpcodeRow row : rows) {
            if (row.map() == map || row.map() == otherMap) {
                for (int register = 0; register < registers(row); register++) {
                    byOpcode.get(row.opcode() + register).add(row);
                }
            }
        }
        OpcodeEntry[] entries = new OpcodeEntry[256];
        Arrays.setAll(entries, opcode -> byOpcode.get(opcode).isEmpty()
                ? OpcodeEntry.UNDEFINED : new OpcodeEntry(byOpcode.get(opcode)));
        return entries;
    }

    /// Over how many opcodes a row extends: eight where the opcode contains a register. (XCHG, whose first opcode is NOP,
    /// has a row for each of the other seven.)
    private static int registers(OpcodeRow row) {
        boolean inOpcode = row.operands().stream().anyMatch(spec -> spec.place == Place.OPCODE);
        return inOpcode && row.opcode() % 8 == 0 ? 8 : 1;
    }
}
