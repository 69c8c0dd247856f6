// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Set;
import java.util.TreeSet;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeMaps;
import org.javisor.isa.OpcodeRow;
import org.junit.jupiter.api.Test;

class BindingsTest {
    private final Bindings bindings = new Bindings();
    private final CpuidModel cpuid = CpuidModel.builder().build();

    private boolean isBound(OpcodeRow row) {
        Insn insn = new Insn();
        insn.row = row;
        return bindings.select(insn) != null;
    }

    @Test
    void everyInstructionThatCpuidAnnouncesHasAHandler() {
        Set<Mnemonic> missing = new TreeSet<>();
        for (OpcodeRow row : OpcodeMaps.rows()) {
            if (cpuid.has(row.feature()) && !isBound(row)) {
                missing.add(row.mnemonic());
            }
        }

        assertEquals(Set.of(), missing);
    }
}
