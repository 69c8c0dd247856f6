// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.HexFormat;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.CpuRegisters;
import org.javisor.cpu.TranslationStats;
import org.javisor.cpu.TranslatorConfig;
import org.javisor.host.CodeMapping;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// More code than there is room for translations of.
class CodeCacheTest {
    private static final long CODE = 0x10_0000, FUNCTIONS = 0x20_0000;
    private static final int RAX = 0, RCX = 1, RDX = 2;
    private static final int COUNT = 6_000, STRIDE = 64, ROUNDS = 80;
    private static final int CACHE_BYTES = 1 << 20;

    private static BareProcessor guest(TranslatorConfig config) {
        BlockTranslator translator = new HostTranslatorProvider().create(config);
        assumeTrue(translator != null, "this host runs no translated code");
        BareProcessor guest = new BareProcessor(translator, false);
        guest.group().translateAt(1);
        // 1: mov ebx, FUNCTIONS; mov ecx, COUNT; 2: call rbx; add ebx, STRIDE; dec ecx; jnz 2b; dec edx; jnz 1b; hlt
        code(guest, CODE, "bb00002000 b970170000 ffd3 83c340 ffc9 75f7 ffca 75e9 f4");
        return guest;
    }

    /// A function that adds `addend` to RAX, by way of memory.
    private static void function(BareProcessor guest, int index, int addend) {
        // push rcx; mov ecx, addend; add rax, rcx; pop rcx; ret
        code(guest, FUNCTIONS + (long) STRIDE * index, "51 b9" + HexFormat.of().toHexDigits(
                Integer.reverseBytes(addend)) + "4801c8 59 c3");
    }

    private static void code(BareProcessor guest, long at, String hex) {
        guest.memory().store(at, HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    private static long run(BareProcessor guest, int rounds) {
        guest.start(CODE);
        CpuRegisters registers = new CpuRegisters(guest.cpu);
        registers.general(RAX, 0);
        registers.general(RDX, rounds);
        assertEquals(CpuExit.HALT, guest.cpu.run(), () -> guest.cpu.failure());
        return registers.general(RAX);
    }

    @ParameterizedTest
    @EnumSource(CodeMapping.Kind.class)
    void whatWasTranslatedFirstMakesRoom(CodeMapping.Kind kind) {
        TranslatorConfig config = TranslatorConfig.DEFAULT.withCacheBytes(CACHE_BYTES).withMapping(kind);
        try (BareProcessor guest = guest(config)) {
            long sum = 0;
            for (int i = 0; i < COUNT; i++) {
                function(guest, i, 3 * i + 1);
                sum += 3 * i + 1;
            }

            assertEquals(ROUNDS * sum, run(guest, ROUNDS));

            TranslationStats stats = guest.group().translationStats();
            assertTrue(stats.evicted() > COUNT, () -> "not enough was translated: " + stats);
            assertTrue(stats.cacheBytes() <= CACHE_BYTES, () -> stats.toString());
            assertTrue(stats.present() < stats.translations() - stats.evicted() / 2, () -> stats.toString());
        }
    }

    @Test
    void codeThatIsRewrittenAllTheTimeIsFreed() {
        TranslatorConfig config = TranslatorConfig.DEFAULT.withCacheBytes(CACHE_BYTES);
        try (BareProcessor guest = guest(config)) {
            for (int i = 0; i < COUNT; i++) {
                function(guest, i, 1);
            }
            for (int round = 1; round <= 4; round++) {
                for (int i = 0; i < COUNT; i += 7) {
                    function(guest, i, round);
                }
                int rewritten = (COUNT + 6) / 7;

                assertEquals(COUNT - rewritten + (long) round * rewritten, run(guest, 1));
            }
            TranslationStats stats = guest.group().translationStats();
            assertTrue(stats.cacheBytes() <= CACHE_BYTES && stats.evicted() > 0, () -> stats.toString());
        }
    }

    @Test
    void theWholeCacheIsUsed() {
        TranslatorConfig config = TranslatorConfig.DEFAULT.withCacheBytes(4 * CACHE_BYTES);
        try (BareProcessor guest = guest(config)) {
            for (int i = 0; i < COUNT; i++) {
                function(guest, i, 1);
            }
            assertEquals((long) ROUNDS * COUNT, run(guest, ROUNDS));

            TranslationStats stats = guest.group().translationStats();
            assertTrue(stats.evicted() == 0 && stats.translations() >= COUNT, () -> stats.toString());
            assertTrue(stats.cacheBytes() > CACHE_BYTES, () -> stats.toString());
        }
    }
}
