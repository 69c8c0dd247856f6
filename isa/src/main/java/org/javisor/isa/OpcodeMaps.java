// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import java.util.List;
import java.util.stream.Stream;

/// All rows of all opcode maps.
public final class OpcodeMaps {
    private static final List<OpcodeRow> ROWS = Stream.of(new OneByteMap(), new TwoByteMap(), new VectorMap(),
            new ThreeByteMap38(), new ThreeByteMap3A(), new X87Map()).flatMap(map -> map.rows().stream()).toList();

    private OpcodeMaps() { }

    /// In the order in which the maps define them.
    public static List<OpcodeRow> rows() {
        return ROWS;
    }
}
