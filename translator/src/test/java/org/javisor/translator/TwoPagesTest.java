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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Instructions that begin in one page and end in the next, in loops that also change them or move their pages.
class TwoPagesTest {
    /// Where the first page begins, and 2 MiB that begin with the second one.
    private static final long CODE = 0x3f_f000, SECOND = 0x40_0000, OTHER = 0x60_0000;
    /// Of the page directory, for SECOND.
    private static final long ENTRY = 0x8_2010;
    private static final int RAX = 0, RCX = 1, RBX = 3, RSI = 6;
    private static final int ROUNDS = 20_000, CHECKED_ROUNDS = 2_000;
    /// More than is interpreted before all is host code, where that can be.
    private static final int WARM = 2_000;

    private static BareProcessor guest(boolean inLockStep) {
        BlockTranslator translator = new HostTranslatorProvider().create(16 << 20);
        assumeTrue(translator != null, "this host runs no translated code");
        BareProcessor guest = new BareProcessor(translator, inLockStep);
        guest.group().countInstructions();
        return guest;
    }

    private static void code(BareProcessor guest, long at, String hex) {
        guest.memory().store(at, HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    private static int rounds(boolean inLockStep) {
        return inLockStep ? CHECKED_ROUNDS : ROUNDS;
    }

    /// Runs what is at `CODE` with RBX = 3 and RSI = 5, and RCX rounds.
    private static CpuRegisters run(BareProcessor guest, int rounds) {
        guest.start(CODE);
        CpuRegisters registers = new CpuRegisters(guest.cpu);
        registers.general(RAX, 0);
        registers.general(RCX, rounds);
        registers.general(RBX, 3);
        registers.general(RSI, 5);
        assertEquals(CpuExit.HALT, guest.cpu.run(), () -> guest.cpu.failure());
        return registers;
    }

    private static String hex(int value) {
        return HexFormat.of().toHexDigits(Integer.reverseBytes(value));
    }

    /// A loop through an instruction that begins `before` bytes before the second page, which ends in it.
    private static void loop(BareProcessor guest, String insn, int before) {
        int length = insn.replace(" ", "").length() / 2;
        // jmp to the instruction; behind it: dec rcx; jz 1f; jmp to it again; 1: hlt
        code(guest, CODE, "e9" + hex(0x1000 - before - 5));
        code(guest, SECOND - before, insn + "48ffc9 7405 e9" + hex(-length - 10) + "f4");
    }

    private static long result(BareProcessor guest, String insn, int before, int rounds) {
        loop(guest, insn, before);
        CpuRegisters registers = run(guest, rounds);
        return registers.general(RAX) + 31 * registers.general(RBX);
    }

    @ParameterizedTest
    @ValueSource(strings = {"4801d8", "4883c007", "480500000100", "488d441e01", "48031d00000000", "660f1f440000",
        "48b88877665544332211"})
    void eachSplitOfAnInstructionDoesWhatTheWholeDoes(String insn) {
        for (int before = 1; before < insn.length() / 2; before++) {
            try (BareProcessor interpreter = new BareProcessor();
                    BareProcessor translated = guest(false);
                    BareProcessor checked = guest(true)) {
                assertEquals(result(interpreter, insn, before, ROUNDS), result(translated, insn, before, ROUNDS));

                TranslationStats stats = translated.group().translationStats();
                assertTrue(stats.interpreted() < WARM, () -> stats.toString());
                result(checked, insn, before, CHECKED_ROUNDS);
            }
        }
    }

    /// Branches of all kinds: each is reached from its page and from the next one.
    @ParameterizedTest
    @CsvSource({
        // test cl, 1 before; jz 1f; add rax, rsi; 1: add rax, rbx
        "f6c101, 0f8403000000, 4801f0 4801d8, 11",
        // call 1f; jmp 2f; 1: add rax, rbx; ret; 2: add rax, rsi
        "90, e802000000, eb04 4801d8 c3 4801f0, 16",
        // jmp to the next instruction, with prefixes; add rax, rbx
        "90, 3e3e3eeb00, 4801d8, 6"})
    void branchesInTwoPagesLeadWhereTheyDo(String before, String branch, String behind, int ofTwo) {
        for (int split = 1; split < branch.length() / 2; split++) {
            for (boolean inLockStep : new boolean[] {false, true}) {
                try (BareProcessor guest = guest(inLockStep)) {
                    int round = before.length() / 2 + branch.length() / 2 + behind.replace(" ", "").length() / 2;
                    long at = SECOND - split - before.length() / 2;
                    code(guest, CODE, "e9" + hex((int) (at - CODE) - 5));
                    // dec rcx; jz 1f; jmp to the first; 1: hlt
                    code(guest, at, before + branch + behind + "48ffc9 7405 e9" + hex(-round - 10) + "f4");
                    int rounds = rounds(inLockStep);

                    assertEquals((long) ofTwo * rounds / 2, run(guest, rounds).general(RAX));

                    TranslationStats stats = guest.group().translationStats();
                    assertTrue(inLockStep || stats.interpreted() < WARM, () -> stats.toString());
                }
            }
        }
    }

    /// The instruction is changed in its first or its second part each 256 rounds, by who executes it.
    @ParameterizedTest
    @CsvSource({"false, 0", "false, 1", "true, 0", "true, 1"})
    void whatIsWrittenToEitherPageIsExecuted(boolean inLockStep, int part) {
        try (BareProcessor guest = guest(inLockStep)) {
            int rounds = rounds(inLockStep);
            // jmp 1f; 1: test cl, cl; jnz 2f; inc byte [...]; 2: add eax, imm32, of which 2 bytes are in the second
            long at = SECOND - 13;
            int from = (int) SECOND - 3;
            code(guest, CODE, "e9" + hex((int) (at - CODE) - 5));
            code(guest, at, "84c9 7506 fe05" + hex((part == 0 ? (int) SECOND - 1 : (int) SECOND) - from)
                    + "05 01000000 48ffc9 7405 e9" + hex(-25) + "f4");
            long expected = 0;
            int addend = 1;
            for (int round = rounds; round > 0; round--) {
                if ((round & 0xff) == 0) {
                    addend += part == 0 ? 1 << 8 : 1 << 16;
                }
                expected += addend;
            }

            assertEquals(expected & 0xffff_ffffL, run(guest, rounds).general(RAX));
        }
    }

    /// The second page is another one each 256 rounds, of which INVLPG tells.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anInstructionEndsInThePageThatIsMapped(boolean inLockStep) {
        try (BareProcessor guest = guest(inLockStep)) {
            int rounds = rounds(inLockStep);
            // test cl, cl; jnz 1f; xor dword [entry], OTHER ^ SECOND; invlpg [SECOND]; 1: add eax, imm32
            String begin = "84c9 7513 8134 25" + hex((int) ENTRY) + hex((int) (OTHER ^ SECOND))
                    + "0f013c25" + hex((int) SECOND) + "05 01";
            int length = begin.replace(" ", "").length() / 2;
            long at = SECOND - length;
            code(guest, CODE, "e9" + hex((int) (at - CODE) - 5));
            code(guest, at, begin);
            String end = "48ffc9 7405 e9" + hex(-length - 13) + "f4";
            code(guest, SECOND, "000000" + end);
            code(guest, OTHER, "000100" + end);
            long expected = 0;
            boolean other = false;
            for (int round = rounds; round > 0; round--) {
                other ^= (round & 0xff) == 0;
                expected += other ? 0x1_0001 : 1;
            }

            assertEquals(expected, run(guest, rounds).general(RAX));
        }
    }

    @Test
    void aPageThatIsGoneFaultsThoughTheInstructionWasHostCode() {
        try (BareProcessor guest = guest(false)) {
            // test ecx, ecx; jnz 1f; mov dword [entry], 0; invlpg [SECOND]; 1: add eax, imm32
            String begin = "85c9 7513 c704 25" + hex((int) ENTRY) + hex(0) + "0f013c25" + hex((int) SECOND)
                    + "05 01";
            int length = begin.replace(" ", "").length() / 2;
            long at = SECOND - length;
            code(guest, CODE, "e9" + hex((int) (at - CODE) - 5));
            code(guest, at, begin);
            // dec rcx; jmp to the beginning
            code(guest, SECOND, "000000 48ffc9 e9" + hex(-length - 11));
            guest.start(CODE);
            CpuRegisters registers = new CpuRegisters(guest.cpu);
            registers.general(RAX, 0);
            registers.general(RCX, ROUNDS);

            // #PF, and there is no IDT.
            assertEquals(CpuExit.SHUTDOWN, guest.cpu.run(), () -> guest.cpu.failure());

            assertEquals(ROUNDS, registers.general(RAX));
            assertEquals(SECOND - 2, registers.rip());
        }
    }
}
