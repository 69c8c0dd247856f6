// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.HexFormat;
import java.util.List;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.CpuRegisters;
import org.javisor.cpu.TranslatorConfig;
import org.junit.jupiter.api.Test;

class ListingTest {
    private static final long CODE = 0x10_0000;
    private static final int RCX = 1;

    private static BareProcessor guest() {
        BlockTranslator translator = new HostTranslatorProvider().create(TranslatorConfig.DEFAULT.withListed(true));
        assumeTrue(translator != null, "this host runs no translated code");
        BareProcessor guest = new BareProcessor(translator, false);
        // 1: add rax, rdx; dec rcx; jnz 1b; hlt
        guest.memory().store(CODE, HexFormat.of().parseHex("4801d048ffc975f8f4"));
        guest.start(CODE);
        new CpuRegisters(guest.cpu).general(RCX, 1000);
        assertEquals(CpuExit.HALT, guest.cpu.run(), () -> guest.cpu.failure());
        return guest;
    }

    @Test
    void hostCodeStandsBelowTheInstructionThatItWasMadeOf() {
        try (BareProcessor guest = guest()) {
            List<String> lines = guest.group().listing(CODE, CODE + 1).lines().toList();

            assertTrue(lines.getFirst().startsWith("100000, 8 bytes of guest code, 3 instructions"), lines.getFirst());
            int at = lines.indexOf("  100000  add rax,rdx");
            assertTrue(at > 0, () -> String.join("\n", lines));
            assertTrue(lines.get(at + 1).matches(" {10}[0-9a-f]+  add rax,rdx"), lines.get(at + 1));
            assertTrue(lines.stream().anyMatch(line -> line.startsWith("  100006  jne ")),
                    () -> String.join("\n", lines));
            assertTrue(lines.stream().noneMatch(line -> line.contains("(bytes)")), () -> String.join("\n", lines));
        }
    }

    @Test
    void whatIsOutsideTheRangeIsLeftOut() {
        try (BareProcessor guest = guest()) {
            assertEquals("", guest.group().listing(CODE + 8, CODE + 4096));
            assertEquals("", guest.group().listing(0, CODE));
        }
    }
}
