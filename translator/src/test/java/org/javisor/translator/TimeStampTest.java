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
import org.javisor.isa.Feature;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// RDTSC and RDTSCP in host code, whose counter is that of Java.
class TimeStampTest {
    private static final long CODE = 0x10_0000, DATA = 0x20_0000;
    private static final int RAX = 0, RCX = 1, RDX = 2, RBX = 3, RBP = 5, RSI = 6, RDI = 7;
    private static final long ROUNDS = 20_000;
    /// More than a loop stops in host code that hardly ever has to.
    private static final long FEW = 1_000;

    private BlockTranslator translator;

    @BeforeEach
    void create() {
        HostFeatures host = new HostFeatures();
        translator = new HostTranslatorProvider().create(16 << 20);
        assumeTrue(translator != null && host.clock() != 0, "this host runs no translated code that reads its clock");
    }

    @AfterEach
    void close() {
        if (translator != null) {
            translator.close();
        }
    }

    private static CpuRegisters start(BareProcessor guest, String hex) {
        guest.memory().store(CODE, HexFormat.of().parseHex(hex.replace(" ", "")));
        guest.start(CODE);
        CpuRegisters registers = new CpuRegisters(guest.cpu);
        registers.general(RCX, ROUNDS);
        registers.general(RBX, 0);
        return registers;
    }

    private static void runToHalt(BareProcessor guest) {
        assertEquals(CpuExit.HALT, guest.cpu.run(), () -> guest.cpu.failure());
    }

    private static long exits(BareProcessor guest) {
        return guest.group().translationStats().exitsToInterpret();
    }

    private static void assertStayedInHostCode(BareProcessor guest) {
        TranslationStats stats = guest.group().translationStats();
        assertTrue(stats.exitsToInterpret() < FEW && stats.interpreted() < ROUNDS, () -> stats.toString());
    }

    @Test
    void theCounterNeverGoesBackwardAndStaysInHostCode() {
        try (BareProcessor guest = new BareProcessor(translator, false)) {
            // 1: rdtsc; shl rdx, 32; or rax, rdx; cmp rax, rbx; jb 2f; mov rbx, rax; dec rcx; jnz 1b; hlt; 2: ud2
            CpuRegisters registers = start(guest, "0f31 48c1e220 4809d0 4839d8 7209 4889c3 48ffc9 75ea f4 0f0b");
            long before = System.nanoTime();

            runToHalt(guest);

            long after = System.nanoTime();
            assertTrue(before <= registers.general(RBX) && registers.general(RBX) <= after);
            assertStayedInHostCode(guest);
        }
    }

    @Test
    void eachReadingLiesBetweenJavasBeforeAndBehindIt() {
        try (BareProcessor guest = new BareProcessor(translator, false)) {
            // The first one is interpreted.
            // rdtsc; jmp 1f; 1: rdtsc; shl rdx, 32; or rax, rdx; hlt
            CpuRegisters registers = start(guest, "0f31 eb00 0f31 48c1e220 4809d0 f4");
            for (int n = 0; n < ROUNDS; n++) {
                guest.start(CODE);
                long before = guest.cpu.tsc().value();
                runToHalt(guest);
                long read = registers.general(RAX);
                assertTrue(before <= read && read <= guest.cpu.tsc().value(), "reading " + n);
            }
            assertTrue(guest.group().translationStats().interpreted() < 4 * ROUNDS, "it was not translated");
        }
    }

    @Test
    void nobodyReadsThePastOfWhatIsLate() {
        try (BareProcessor guest = new BareProcessor(translator, false)) {
            // 1: rdtsc; shl rdx, 32; or rax, rdx; cmp rax, rbx; jb 1b; hlt
            CpuRegisters registers = start(guest, "0f31 48c1e220 4809d0 4839d8 72f2 f4");
            guest.unasked = 100_000;
            registers.general(RBX, System.nanoTime() + 1_000 * guest.unasked);

            runToHalt(guest);

            // Each time it took some longer until it was asked again.
            assertTrue(guest.catchUps > 60 && guest.catchUps <= 1_060, () -> guest.catchUps + " times");
            assertTrue(guest.cpu.tsc().value() >= registers.general(RBX));
        }
    }

    @Test
    void whatTheProgramHasSetIsWhatTheCounterGoesOnFrom() {
        try (BareProcessor guest = new BareProcessor(translator, false)) {
            // mov esi, ecx; 1: mov ecx, IA32_TSC; xor eax, eax; mov edx, 1000h; wrmsr; rdtsc; cmp edx, 1000h; jne 2f;
            // mov ecx, IA32_TSC_ADJUST; rdmsr; add edx, 1000h; wrmsr; rdtsc; cmp edx, 2000h; jne 2f;
            // inc ebx; dec esi; jnz 1b; hlt; 2: ud2
            CpuRegisters registers = start(guest, "89ce b910000000 31c0 ba00100000 0f30 0f31 81fa00100000 7520"
                    + " b93b000000 0f32 81c200100000 0f30 0f31 81fa00200000 7507 ffc3 ffce 75c9 f4 0f0b");

            runToHalt(guest);

            assertEquals(ROUNDS, registers.general(RBX));
            long now = guest.cpu.tsc().value();
            assertTrue(now >>> 32 == 0x2000, () -> Long.toHexString(now));
            assertTrue(guest.group().translationStats().stoppedAtUntranslated().keySet().stream()
                    .noneMatch(TimeStamp::handles));
        }
    }

    @Test
    void flagsAndAllOtherRegistersAreKept() {
        try (BareProcessor guest = new BareProcessor(translator, false)) {
            // 1: add rsi, 1; lea r8, [r8 + 1]; lea r9, [r9 + 2]; lea r10, [r10 + 3]; lea r11, [r11 + 4];
            // lea rdi, [rdi + 5]; cmp cl, 100; rdtsc; adc rbx, 0; mov rbp, rax; cmp al, al; rdtscp; jnz 2f;
            // dec r15; jnz 1b; hlt; 2: ud2
            CpuRegisters registers = start(guest, "4883c601 4d8d4001 4d8d4902 4d8d5203 4d8d5b04 488d7f05 80f964 0f31"
                    + " 4883d300 4889c5 38c0 0f01f9 7506 49ffcf 75d0 f4 0f0b");
            for (int reg : new int[] {RSI, RDI, 8, 9, 10, 11}) {
                registers.general(reg, 0);
            }
            registers.general(15, ROUNDS);
            registers.general(RCX, 0);
            registers.msr(0xc000_0103, 7);

            runToHalt(guest);

            // RDTSCP sets RCX to 7, which is below 100.
            assertEquals(ROUNDS, registers.general(RBX));
            assertEquals(7, registers.general(RCX));
            assertEquals(ROUNDS, registers.general(RSI));
            assertEquals(5 * ROUNDS, registers.general(RDI));
            for (int n = 1; n <= 4; n++) {
                assertEquals(n * ROUNDS, registers.general(7 + n), "R" + (7 + n));
            }
            assertStayedInHostCode(guest);
        }
    }

    @Test
    void vectorAndX87RegistersAreKept() {
        assumeTrue(new HostFeatures().has(Feature.AVX2), "this host has no AVX2");
        try (BareProcessor guest = new BareProcessor(translator, false)) {
            guest.enableAvx();
            guest.memory().storeLong(DATA, 1);
            // fninit; mov ebx, DATA; vpbroadcastq ymm9, [rbx]; vpxor ymm8, ymm8, ymm8; pxor xmm3, xmm3; fldz;
            // 1: vpaddq ymm8, ymm8, ymm9; fld1; rdtsc; faddp; paddq xmm3, xmm9; dec rcx; jnz 1b;
            // vmovdqu [rbx + 32], ymm8; movdqu [rbx + 64], xmm3; fistp qword [rbx + 8]; hlt
            start(guest, "dbe3 bb00002000 c4627d590b c4413defc0 660fefdb d9ee c4413dd4c1 d9e8 0f31 dec1 66410fd4d9"
                    + " 48ffc9 75eb c57e7f4320 f30f7f5b40 df7b08 f4");

            runToHalt(guest);

            for (int at = 32; at < 80; at += 8) {
                assertEquals(ROUNDS, guest.memory().loadLong(DATA + at), "at " + at);
            }
            assertEquals(ROUNDS, guest.memory().loadLong(DATA + 8));
            assertStayedInHostCode(guest);
        }
    }

    @Test
    void aKernelCanKeepUserModeFromReadingIt() {
        try (BareProcessor guest = new BareProcessor(translator, false)) {
            guest.permitUserMode();
            // 1: rdtsc; dec rcx; jnz 1b; hlt
            CpuRegisters registers = start(guest, "0f31 48ffc9 75f9 f4");
            guest.startInUserMode(CODE);

            assertEquals(CpuExit.SHUTDOWN, guest.cpu.run(), "HLT in user mode, without an IDT");
            assertEquals(0, registers.general(RCX));
            assertEquals(CODE + 7, registers.rip());
            assertStayedInHostCode(guest);

            guest.forbidTimeInUserMode();
            guest.startInUserMode(CODE);
            registers.general(RCX, ROUNDS);
            assertEquals(CpuExit.SHUTDOWN, guest.cpu.run());
            assertEquals(CODE, registers.rip());
            assertEquals(ROUNDS, registers.general(RCX));

            guest.start(CODE);
            runToHalt(guest);
            assertEquals(0, registers.general(RCX));
        }
    }

    @Test
    void aCounterThatIsNotTheHostsIsReadByTheInterpreter() {
        try (BareProcessor guest = new BareProcessor(translator, false)) {
            guest.time(() -> 0x1234_5678_9abcL);
            // 1: rdtsc; dec rcx; jnz 1b; hlt
            CpuRegisters registers = start(guest, "0f31 48ffc9 75f9 f4");

            runToHalt(guest);

            assertEquals(0x1234, registers.general(RDX));
            assertEquals(0x5678_9abc, registers.general(RAX));
        }
    }

    @Test
    void inLockStepItIsReadOnce() {
        try (BareProcessor guest = new BareProcessor(translator, true)) {
            // 1: rdtsc; shl rdx, 32; or rax, rdx; cmp rax, rbx; jb 2f; mov rbx, rax; dec rcx; jnz 1b; hlt; 2: ud2
            start(guest, "0f31 48c1e220 4809d0 4839d8 7209 4889c3 48ffc9 75ea f4 0f0b");

            runToHalt(guest);

            assertTrue(exits(guest) > ROUNDS / 2, () -> exits(guest) + " exits");
        }
    }
}
