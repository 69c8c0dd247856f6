// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.javisor.isa.OpcodeRow.Attribute;

/// All rows of all opcode maps.
public final class OpcodeMaps {
    private static final List<OpcodeRow> ROWS = Stream.of(new OneByteMap(), new TwoByteMap(), new VectorMap(),
            new ThreeByteMap38(), new ThreeByteMap3A(), new X87Map()).flatMap(map -> map.rows().stream()).toList();

    private static final Map<OpcodeRow, OpcodeRow> WITHOUT_PREFIX = new HashMap<>();

    static {
        for (OpcodeRow row : ROWS) {
            if (row.mandatoryPrefix() != 0) {
                ROWS.stream().filter(other -> ignoresPrefixOf(row, other))
                        .forEach(other -> WITHOUT_PREFIX.put(row, other));
            }
        }
    }

    private OpcodeMaps() { }

    private static boolean ignoresPrefixOf(OpcodeRow row, OpcodeRow other) {
        return other.map() == row.map() && other.opcode() == row.opcode() && other.extension() == row.extension()
                && other.mandatoryPrefix() == 0 && !other.has(Attribute.NO_PREFIX | Attribute.NO_REPEAT);
    }

    /// In the order in which the maps define them.
    public static List<OpcodeRow> rows() {
        return ROWS;
    }

    /// What the encoding of `row` means to a processor without its feature: where the mandatory prefix only refines an
    /// older instruction it is ignored (TZCNT is BSF, LZCNT is BSR); otherwise [OpcodeRow#UNDEFINED]. The operands are the
    /// same.
    public static OpcodeRow withoutFeature(OpcodeRow row) {
        return WITHOUT_PREFIX.getOrDefault(row, OpcodeRow.UNDEFINED);
    }
}
