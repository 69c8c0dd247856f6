// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.javisor.isa.Decoder;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeMaps;
import org.javisor.isa.OpcodeRow;
import org.javisor.testkit.Seeds;
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

    /// Whatever a guest has decoded: handlers get a class each, which stays.
    @Test
    void noHandlerIsMadeWhileInstructionsAreDecoded() {
        SplittableRandom random = Seeds.random("handlers");
        byte[] code = new byte[Decoder.MAX_BYTES + 1];
        Set<Mnemonic> made = new TreeSet<>();
        for (int n = 0; n < 300_000; n++) {
            random.nextBytes(code);
            Insn insn = new Insn();
            boolean defined = Decoder.decode(code, 0, code.length, 16 << n % 3, insn) > 0
                    && insn.row != OpcodeRow.UNDEFINED;
            if (defined && bindings.select(insn) != bindings.select(insn)) {
                made.add(insn.mnemonic());
            }
        }

        assertEquals(Set.of(), made);
    }
}
