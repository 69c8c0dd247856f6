// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.HexFormat;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CodePreview;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.CpuRegisters;
import org.javisor.cpu.Requests;
import org.javisor.cpu.TranslatorConfig;
import org.junit.jupiter.api.Test;

/// A program that is in loops all the time: a call in one, that in another one.
class SecondTierTest {
    private static final long CODE = 0x10_0000, DATA = 0x20_0000;
    private static final int RAX = 0, RCX = 1, CALLS = 50;
    /// 1: mov edx, 50; 2: call 3f; dec edx; jnz 2b; inc rcx; cmp byte [DATA], 0; je 1b; hlt; 3: inc rax; ret
    private static final byte[] PROGRAM = HexFormat.of().parseHex("ba32000000" + "e812000000" + "ffca75f7" + "48ffc1"
            + "803c250000200000" + "74e5f4" + "48ffc0c3");

    /// mov esi, DATA; 1: mov edx, 7; 2: add rax, [rsi + 8]; test al, 1; jz 3f; add [rsi + 16], rcx; jmp 4f;
    /// 3: xor rax, [rsi + 24]; 4: inc dword [rsi + rdx*4 + 64]; rol rax, 3; add [rsi + 8], rdx; dec edx; jnz 2b;
    /// dec rcx; jnz 1b; add rax, [rsi + 16]; add rax, [rsi + 80]; hlt
    private static final byte[] SAME_ADDRESSES = HexFormat.of().parseHex("be00002000"
            + "ba0700000048034608a801740648014e10eb04"
            + "48334618ff44964048c1c00348015608ffca75de48ffc975d44803461048034650f4");

    private static BlockTranslator translator(TranslatorConfig config) {
        BlockTranslator translator = new HostTranslatorProvider().create(config.withCacheBytes(16 << 20));
        assumeTrue(translator != null, "this host runs no translated code");
        return translator;
    }

    /// Starts the program with counters of 0.
    private static CpuRegisters start(BareProcessor guest) {
        guest.memory().store(CODE, PROGRAM);
        guest.start(CODE);
        CpuRegisters registers = new CpuRegisters(guest.cpu);
        registers.general(RAX, 0);
        registers.general(RCX, 0);
        return registers;
    }

    private static int runThroughKicks(BareProcessor guest) {
        int exit = guest.cpu.run();
        while (exit == CpuExit.KICK) {
            exit = guest.cpu.run();
        }
        return exit;
    }

    private static void kickUntilGrown(BareProcessor guest) {
        while (guest.group().translationStats().grown() == 0) {
            guest.cpu.request(Requests.KICK);
            Thread.yield();
        }
    }

    @Test
    void aLoopThatIsFoundExecutingGrowsWhileItRuns() throws InterruptedException {
        try (BareProcessor guest = new BareProcessor(translator(TranslatorConfig.DEFAULT), false)) {
            CpuRegisters registers = start(guest);
            Thread thread = new Thread(() -> {
                kickUntilGrown(guest);
                guest.memory().store(DATA, new byte[] {1});
            });
            thread.start();

            assertEquals(CpuExit.HALT, runThroughKicks(guest));
            thread.join();

            assertEquals(CALLS * registers.general(RCX), registers.general(RAX));
        }
    }

    @Test
    void codeThatIsRewrittenAfterItHasGrownDoesWhatItSays() throws InterruptedException {
        try (BareProcessor guest = new BareProcessor(translator(TranslatorConfig.DEFAULT), false)) {
            CpuRegisters registers = start(guest);
            Thread thread = new Thread(() -> {
                kickUntilGrown(guest);
                // JE becomes HLT.
                guest.memory().store(CODE + 25, new byte[] {(byte) 0xf4});
            });
            thread.start();

            assertEquals(CpuExit.HALT, runThroughKicks(guest));
            thread.join();

            assertEquals(CALLS * registers.general(RCX), registers.general(RAX));
        }
    }

    @Test
    void itIsCompared() {
        try (BareProcessor guest = new BareProcessor(translator(TranslatorConfig.DEFAULT), true)) {
            CpuRegisters registers = start(guest);
            // JE becomes a comparison of RCX, and a jump if it is not 500.
            guest.memory().store(CODE + 17, HexFormat.of().parseHex("4881f9f4010000" + "75e6f4" + "48ffc0c3"));
            guest.memory().store(CODE + 5, HexFormat.of().parseHex("e811000000"));

            assertEquals(CpuExit.HALT, guest.cpu.run(), () -> guest.cpu.failure());

            assertEquals(CALLS * 500, registers.general(RAX));
            assertTrue(guest.group().translationStats().grown() > 0, "nothing has grown");
        }
    }

    /// @return RAX, of loops that access the same addresses in each round
    private static long accessTheSame(BareProcessor guest, long rounds) {
        guest.memory().store(CODE, SAME_ADDRESSES);
        guest.memory().store(DATA, new byte[256]);
        guest.start(CODE);
        CpuRegisters registers = new CpuRegisters(guest.cpu);
        registers.general(RAX, 0);
        registers.general(RCX, rounds);
        assertEquals(CpuExit.HALT, runThroughKicks(guest), () -> guest.cpu.failure());
        return registers.general(RAX);
    }

    @Test
    void whatALoopAccessesEachRoundIsWhatItWas() throws InterruptedException {
        long expected, rounds = 20_000;
        try (BareProcessor guest = new BareProcessor()) {
            expected = accessTheSame(guest, rounds);
        }
        try (BareProcessor guest = new BareProcessor(translator(TranslatorConfig.DEFAULT), false)) {
            Thread thread = new Thread(() -> kickUntilGrown(guest));
            thread.start();
            while (guest.group().translationStats().grown() == 0) {
                assertEquals(expected, accessTheSame(guest, rounds));
            }
            thread.join();

            assertEquals(expected, accessTheSame(guest, rounds));
        }
    }

    @Test
    void whatALoopAccessesEachRoundIsCompared() {
        try (BareProcessor guest = new BareProcessor(translator(TranslatorConfig.DEFAULT), true)) {
            long compared = accessTheSame(guest, 1_000);

            assertTrue(guest.group().translationStats().grown() > 0, "nothing has grown");
            try (BareProcessor interpreter = new BareProcessor()) {
                assertEquals(accessTheSame(interpreter, 1_000), compared);
            }
        }
    }

    @Test
    void theWholeOfItIsOneRegion() {
        try (CodePreview preview = new CodePreview(PROGRAM, CODE, 64, false,
                translator(TranslatorConfig.DEFAULT.withListed(true)), true)) {
            String text = preview.text();

            assertTrue(text.contains("second tier, 100000,"), text);
        }
    }
}
