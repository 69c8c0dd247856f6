// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.HexFormat;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.CpuRegisters;
import org.javisor.cpu.HotCode;
import org.javisor.cpu.TranslationStats;
import org.junit.jupiter.api.Test;

/// What one run learns for the next.
class HotCodeTest {
    private static final long CODE = 0x10_0000, ELSEWHERE = 0x34_5000;
    private static final int RCX = 1, RBX = 3;
    private static final int MANY = 1_000, FEW = 10;
    /// 1: test cl, 1; jz 2f; add ebx, 3; 2: inc ebx; dec ecx; jnz 1b; hlt. The addition's operand is at byte 7.
    private static final String LOOP = "f6c101 7403 83c303 ffc3 ffc9 75f2 f4";
    private static final int OPERAND = 7;

    private static BareProcessor guest(HotCode code) {
        BlockTranslator translator = new HostTranslatorProvider().create(16 << 20);
        assumeTrue(translator != null, "this host runs no translated code");
        BareProcessor guest = new BareProcessor(translator, false);
        guest.group().hotCode(code);
        return guest;
    }

    private static void run(BareProcessor guest, long at, int rounds, int addend) {
        guest.start(at);
        CpuRegisters registers = new CpuRegisters(guest.cpu);
        registers.general(RCX, rounds);
        registers.general(RBX, 0);
        assertEquals(CpuExit.HALT, guest.cpu.run(), () -> guest.cpu.failure());
        assertEquals(rounds + (rounds + 1) / 2 * addend, registers.general(RBX));
    }

    private static HotCode learned() {
        HotCode code = new HotCode();
        try (BareProcessor guest = guest(code)) {
            guest.memory().store(CODE, HexFormat.of().parseHex(LOOP.replace(" ", "")));
            run(guest, CODE, MANY, 3);
        }
        assertTrue(code.hasLearned());
        return new HotCode(code.entries());
    }

    private static TranslationStats afterFewRounds(HotCode code, long at) {
        try (BareProcessor guest = guest(code)) {
            guest.memory().store(at, HexFormat.of().parseHex(LOOP.replace(" ", "")));
            run(guest, at, FEW, 3);
            return guest.group().translationStats();
        }
    }

    @Test
    void whatWasExecutedOftenIsTranslatedAtOnceInTheNextRun() {
        TranslationStats stats = afterFewRounds(learned(), CODE);

        // HLT alone, and what leads to it.
        assertTrue(stats.translations() > 0 && stats.interpreted() <= 2, () -> stats.toString());
    }

    @Test
    void thePageMayBeElsewhere() {
        TranslationStats stats = afterFewRounds(learned(), ELSEWHERE);

        assertTrue(stats.translations() > 0 && stats.interpreted() <= 2, () -> stats.toString());
    }

    @Test
    void otherwiseItHasToEarnThat() {
        TranslationStats stats = afterFewRounds(new HotCode(), CODE);

        assertTrue(stats.translations() == 0 && stats.interpreted() > 4 * FEW, () -> stats.toString());
    }

    @Test
    void atAnotherPlaceInItsPageItIsOtherCode() {
        assertEquals(0, afterFewRounds(learned(), CODE + 0x40).translations());
    }

    @Test
    void codeThatIsRewrittenAllTheTimeIsNotTranslatedEachTime() {
        try (BareProcessor guest = guest(learned())) {
            guest.memory().store(CODE, HexFormat.of().parseHex(LOOP.replace(" ", "")));
            for (int n = 0; n < MANY; n++) {
                guest.memory().store(CODE + OPERAND, new byte[] {(byte) (n & 0x3f)});
                run(guest, CODE, FEW, n & 0x3f);
            }

            TranslationStats stats = guest.group().translationStats();
            assertTrue(stats.translations() < MANY / 5, () -> stats.toString());
        }
    }

    @Test
    void whatIsLearnedAgainIsKeptAndNotTwice() {
        HotCode first = learned();
        HotCode second = new HotCode(first.entries());
        try (BareProcessor guest = guest(second)) {
            guest.memory().store(CODE, HexFormat.of().parseHex(LOOP.replace(" ", "")));
            run(guest, CODE, MANY, 3);
        }

        assertEquals(first.entries().length, second.entries().length);
        assertTrue(!second.hasLearned());
    }
}
