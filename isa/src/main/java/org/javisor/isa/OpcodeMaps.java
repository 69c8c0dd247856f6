// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.javisor.isa.OpcodeRow.Attribute;

/// All rows of all opcode maps.
public final class OpcodeMaps {
    private static final List<OpcodeRow> ROWS = collect();
    private static final Map<OpcodeRow, OpcodeRow> WITHOUT_FEATURE = refinements();

    private OpcodeMaps() { }

    private static List<OpcodeRow> collect() {
        List<OpcodeRow> rows = new ArrayList<>();
        OpcodeMap[] maps = {new OneByteMap(), new TwoByteMap(), new VectorMap(), new ThreeByteMap38(),
            new ThreeByteMap3A(), new X87Map(), new VexFloatMap(),
            new VexIntegerMap(), new VexMap38(), new FmaMap(), new VexMap3A()};
        for (OpcodeMap map : maps) {
            rows.addAll(map.rows());
        }
        return List.copyOf(rows);
    }

    /// Rows whose mandatory prefix refines another row, and that row.
    private static Map<OpcodeRow, OpcodeRow> refinements() {
        Map<OpcodeRow, OpcodeRow> refined = new HashMap<>();
        for (OpcodeRow row : ROWS) {
            if (row.mandatoryPrefix() != 0 && !row.has(Attribute.NO_PREFIX)) {
                for (OpcodeRow other : ROWS) {
                    if (ignoresPrefixOf(row, other)) {
                        refined.put(row, other);
                    }
                }
            }
        }
        return refined;
    }

    private static boolean ignoresPrefixOf(OpcodeRow row, OpcodeRow other) {
        return other.map() == row.map() && other.opcode() == row.opcode()
                && other.extension() == row.extension() && other.mandatoryPrefix() == 0
                && !other.has(Attribute.NO_PREFIX | Attribute.NO_REPEAT);
    }

    /// In the order in which the maps define them.
    public static List<OpcodeRow> rows() {
        return ROWS;
    }

    /// What the encoding of `row` means to a processor without its feature: where the mandatory prefix only
    /// refines an older instruction it is ignored (TZCNT is BSF, LZCNT is BSR); otherwise
    /// [OpcodeRow#UNDEFINED]. The operands are the same.
    public static OpcodeRow withoutFeature(OpcodeRow row) {
        return WITHOUT_FEATURE.getOrDefault(row, OpcodeRow.UNDEFINED);
    }
}
