// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.HexFormat;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.CpuRegisters;
import org.javisor.cpu.TranslationStats;
import org.javisor.isa.Mnemonic;
import org.junit.jupiter.api.Test;

class TranslationStatsTest {
    private static final long CODE = 0x10_0000;
    private static final int RCX = 1;
    /// More than a block is interpreted before it is translated.
    private static final int ROUNDS = 10_000, WARM = 1_000;

    private static TranslationStats run(String hex) {
        BlockTranslator translator = new HostTranslatorProvider().create(16 << 20);
        assumeTrue(translator != null, "this host runs no translated code");
        try (BareProcessor guest = new BareProcessor(translator, false)) {
            guest.memory().store(CODE, HexFormat.of().parseHex(hex.replace(" ", "")));
            guest.start(CODE);
            new CpuRegisters(guest.cpu).general(RCX, ROUNDS);
            assertEquals(CpuExit.HALT, guest.cpu.run(), () -> guest.cpu.failure());
            return guest.group().translationStats();
        }
    }

    @Test
    void exitsAreCountedByTheInstructionThatIsInterpreted() {
        // 1: inc eax; verr ax; dec rcx; jnz 1b; hlt
        TranslationStats stats = run("ffc0 0f00e0 48ffc9 75f6 f4");

        assertTrue(stats.stoppedAtUntranslated().get(Mnemonic.VERR) > ROUNDS - WARM, () -> stats.toString());
        assertTrue(stats.exitsToInterpret() > ROUNDS - WARM, () -> stats.toString());
        assertTrue(stats.interpreted() > ROUNDS - WARM, () -> stats.toString());
    }

    @Test
    void aLoopIsHardlyAnExit() {
        // 1: dec rcx; jnz 1b; hlt
        TranslationStats stats = run("48ffc9 75fb f4");

        assertEquals(1, stats.translations());
        assertEquals(2, stats.instructions());
        assertEquals(0, stats.dropped());
        assertTrue(stats.nanos() > 0 && stats.cacheBytes() > 0, () -> stats.toString());
        assertTrue(stats.exitsToTarget() < WARM && stats.interpreted() < WARM, () -> stats.toString());
    }

    @Test
    void codeThatIsWrittenToIsDropped() {
        // 1: test cl, cl; jnz 2f; inc byte [3f + 1]; 2: 3: add eax, imm32; dec rcx; jnz 1b; hlt
        TranslationStats stats = run("84c9 7506 fe0501000000 05 01000000 48ffc9 75ec f4");

        assertTrue(stats.dropped() > 0, () -> stats.toString());
    }

    @Test
    void aProcessorThatInterpretsHasNone() {
        try (BareProcessor guest = new BareProcessor()) {
            assertNull(guest.group().translationStats());
        }
    }
}
