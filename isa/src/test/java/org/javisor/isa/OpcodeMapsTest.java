// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;
import org.javisor.isa.OpcodeRow.Attribute;
import org.junit.jupiter.api.Test;

class OpcodeMapsTest {
    private static OpcodeRow row(Mnemonic mnemonic) {
        return OpcodeMaps.rows().stream().filter(row -> row.mnemonic() == mnemonic).findFirst().orElseThrow();
    }

    @Test
    void everyRowIsDifferent() {
        Set<OpcodeRow> seen = new HashSet<>();
        OpcodeMaps.rows().forEach(row -> assertTrue(seen.add(row), row::toString));
    }

    @Test
    void everyMnemonicHasARow() {
        Set<Mnemonic> missing = EnumSet.complementOf(EnumSet.of(Mnemonic.UNDEFINED));
        OpcodeMaps.rows().forEach(row -> missing.remove(row.mnemonic()));

        assertEquals(Set.of(), missing);
    }

    @Test
    void onlyMemoryDestinationsAreLockable() {
        for (OpcodeRow row : OpcodeMaps.rows()) {
            if (row.has(Attribute.LOCKABLE)) {
                assertTrue(row.operands().getFirst().usesModrm(), row::toString);
            }
        }
    }

    @Test
    void aRefiningPrefixIsIgnoredWithoutItsFeature() {
        assertEquals(row(Mnemonic.BSF), OpcodeMaps.withoutFeature(row(Mnemonic.TZCNT)));
        assertEquals(row(Mnemonic.BSR), OpcodeMaps.withoutFeature(row(Mnemonic.LZCNT)));
        assertEquals(OpcodeRow.UNDEFINED, OpcodeMaps.withoutFeature(row(Mnemonic.POPCNT)));
        assertEquals(OpcodeRow.UNDEFINED, OpcodeMaps.withoutFeature(row(Mnemonic.ADCX)));
    }
}
