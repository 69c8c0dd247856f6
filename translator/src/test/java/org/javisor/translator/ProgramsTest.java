// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicBoolean;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.CpuRegisters;
import org.javisor.cpu.Requests;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Small programs whose blocks follow each other, linked and in lock-step.
class ProgramsTest {
    private static final long CODE = 0x10_0000, FAR = 0x10_3000, DATA = 0x20_0000;
    private static final int RAX = 0, RCX = 1, RDX = 2, RBX = 3;
    private static final long ROUNDS = 100_000, CHECKED_ROUNDS = 2_000;

    private BlockTranslator translator;
    private long bytesBefore;

    private BareProcessor guest(boolean inLockStep) {
        translator = new HostTranslatorProvider().create(16 << 20);
        assumeTrue(translator != null, "this host runs no translated code");
        bytesBefore = translator.bytes();
        return new BareProcessor(translator, inLockStep);
    }

    private static void code(BareProcessor guest, long at, String hex) {
        guest.memory().store(at, HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    private CpuRegisters run(BareProcessor guest, long rounds) {
        guest.start(CODE);
        CpuRegisters registers = new CpuRegisters(guest.cpu);
        registers.general(RCX, rounds);
        registers.general(RAX, 0);
        registers.general(RDX, 0);
        int exit = guest.cpu.run();
        assertEquals(CpuExit.HALT, exit, () -> guest.cpu.failure());
        assertTrue(translator.bytes() > bytesBefore, "nothing was translated");
        return registers;
    }

    private static long rounds(boolean inLockStep) {
        return inLockStep ? CHECKED_ROUNDS : ROUNDS;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLoopOfTwoBlocksCountsWhatItExecutes(boolean inLockStep) {
        long n = rounds(inLockStep);
        try (BareProcessor guest = guest(inLockStep)) {
            guest.group().countInstructions();
            // 1: add rax, rcx; test cl, 1; jz 2f; inc rax; 2: dec rcx; jnz 1b; hlt
            code(guest, CODE, "4801c8 f6c101 7403 48ffc0 48ffc9 75f0 f4");

            assertEquals(n * (n + 1) / 2 + n / 2, run(guest, n).general(RAX));

            assertEquals(5 * n + n / 2 + 1, guest.cpu.instructions());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void callsIntoAnotherPageReturn(boolean inLockStep) {
        long n = rounds(inLockStep);
        try (BareProcessor guest = guest(inLockStep)) {
            // mov ebx, FAR; 1: call FAR; call rbx; dec rcx; jnz 1b; hlt
            code(guest, CODE, "bb00301000 e8f62f0000 ffd3 48ffc9 75f4 f4");
            // push r12; lea r12, [rax + 3]; mov rax, r12; pop r12; ret
            code(guest, FAR, "4154 4c8d6003 4c89e0 415c c3");

            assertEquals(6 * n, run(guest, n).general(RAX));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLoopByWayOfAnotherPageCountsEachRoundOnce(boolean inLockStep) {
        long n = rounds(inLockStep);
        try (BareProcessor guest = guest(inLockStep)) {
            // jmp 1f; at the end of the page: 1: inc rax; loop 2f; hlt; in the next page: 2: jmp 1b
            code(guest, CODE, "e9f40f0000");
            code(guest, CODE + 0xff9, "48ffc0 e202 f4");
            code(guest, CODE + 0x1000, "ebf7");

            CpuRegisters registers = run(guest, n);

            assertEquals(n, registers.general(RAX));
            assertEquals(0, registers.general(RCX));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRoutineThatIsRewrittenBetweenCallsDoesWhatItSaysEachTime(boolean inLockStep) {
        try (BareProcessor guest = guest(inLockStep)) {
            // 1: call 3f; test cl, cl; jnz 2f; inc byte [3f + 1];
            // 2: dec rcx; jnz 1b; hlt; 3: add eax, imm32; ret
            code(guest, CODE, "e810000000 84c9 7506 fe0507000000 48ffc9 75ec f4 05 01000000 c3");

            long n = rounds(inLockStep);
            long expected = 0;
            int addend = 1;
            for (long i = n; i > 0; i--) {
                expected += addend;
                if ((i & 0xff) == 0) {
                    addend = addend + 1 & 0xff;
                }
            }
            assertEquals(expected & 0xffff_ffffL, run(guest, n).general(RAX));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void flagsOfOneBlockAreReadInTheNext(boolean inLockStep) {
        try (BareProcessor guest = guest(inLockStep)) {
            // 1: cmp cl, 100; ja 2f; inc rbx; 2: adc rax, 0; dec rcx; jnz 1b; hlt
            code(guest, CODE, "80f964 7703 48ffc3 4883d000 48ffc9 75ef f4");
            long n = rounds(inLockStep);
            long below = 0;
            for (long i = 1; i <= n; i++) {
                below += (i & 0xff) < 100 ? 1 : 0;
            }

            assertEquals(below, run(guest, n).general(RAX));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void flagsOutliveAccessesAndChangesOfTheirOperands(boolean inLockStep) {
        try (BareProcessor guest = guest(inLockStep)) {
            guest.memory().storeLong(DATA, 3);
            // mov ebx, DATA; 1: mov rdx, rcx; and edx, 3; cmp rdx, [rbx]; mov rdx, [rbx]; lea rsi, [rdx]; jb 2f;
            // sub rdx, 2; mov rdx, [rbx]; jz 3f; add rax, 1; 2: sbb rax, -1; dec rcx; jnz 1b; hlt; 3: ud2
            code(guest, CODE, "bb00002000 4889ca 83e203 483b13 488b13 488d32 720d 4883ea02 488b13 740e 4883c001"
                    + "4883d8ff 48ffc9 75d9 f4 0f0b");
            long n = rounds(inLockStep);
            long expected = 0;
            for (long i = n; i > 0; i--) {
                boolean below = (i & 3) < 3;
                expected += below ? 0 : 1;
                // SBB takes CF of the comparison, or that of ADD.
                expected += below ? 0 : 1;
            }

            assertEquals(expected, run(guest, n).general(RAX));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void flagsOutliveAnAccessThatReplacesTheirOperandAndNobodyNeedsThemLater(boolean inLockStep) {
        try (BareProcessor guest = guest(inLockStep)) {
            // mov ebx, DATA; 1: mov rdi, rcx; and edi, 0x80; mov rdi, [rbx]; je 2f; add rax, 2; sub rcx, 1; jne 1b;
            // hlt; 2: add rax, 1; sub rcx, 1; jne 1b; hlt
            code(guest, CODE, "bb00002000 4889cf 81e780000000 488b3b 740b 4883c002 4883e901 75e8 f4"
                    + "4883c001 4883e901 75dd f4");
            long n = rounds(inLockStep);
            long expected = 0;
            for (long i = n; i > 0; i--) {
                expected += (i & 0x80) != 0 ? 2 : 1;
            }

            assertEquals(expected, run(guest, n).general(RAX));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void loopsWithinLoopsComeToAnEnd(boolean inLockStep) {
        long n = inLockStep ? 100 : 2_000;
        try (BareProcessor guest = guest(inLockStep)) {
            // 1: mov rdx, rcx; 2: test dl, 1; jz 3f; add rax, 2; jmp 4f; 3: inc rax; 4: dec rdx; jnz 2b;
            // dec rcx; jnz 1b; hlt
            code(guest, CODE, "4889ca f6c201 7406 4883c002 eb03 48ffc0 48ffca 75ed 48ffc9 75e5 f4");
            long expected = 0;
            for (long i = 1; i <= n; i++) {
                expected += i + (i + 1) / 2;
            }

            assertEquals(expected, run(guest, n).general(RAX));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLoopThatRewritesItselfDoesWhatItSaysEachTime(boolean inLockStep) {
        try (BareProcessor guest = guest(inLockStep)) {
            // 1: test cl, cl; jnz 2f; inc byte [2f + 1]; 2: add eax, imm32; dec rcx; jnz 1b; hlt
            code(guest, CODE, "84c9 7506 fe0501000000 05 01000000 48ffc9 75ec f4");
            long n = rounds(inLockStep);
            long expected = 0;
            int addend = 1;
            for (long i = n; i > 0; i--) {
                addend = (i & 0xff) == 0 ? addend + 1 & 0xff : addend;
                expected += addend;
            }

            assertEquals(expected & 0xffff_ffffL, run(guest, n).general(RAX));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"e9 ffffff7f", "e8 ffffff7f", "39c0 0f84 ffffff7f", "e9 00000080"})
    void theFarthestTargetsAreNotMapped(String branch) {
        try (BareProcessor guest = guest(false)) {
            guest.group().translateAt(1);
            code(guest, CODE, "48ffc0" + branch);
            guest.start(CODE);

            // #PF, and there is no IDT.
            assertEquals(CpuExit.SHUTDOWN, guest.cpu.run(), () -> guest.cpu.failure());
        }
    }

    @Test
    void aCallBeyondCanonicalAddressesFaultsBeforeItPushes() {
        long lastRegion = 0x7fff_ffe0_0000L, tables = 0x8_0000, present = 3, large = 0x80;
        try (BareProcessor guest = guest(false)) {
            guest.group().translateAt(1);
            // The last 2 MiB below the hole are the first 2 MiB of memory.
            guest.memory().storeLong(tables + 8 * 255, tables + 0x4000 | present);
            guest.memory().storeLong(tables + 0x4000 + 8 * 511, tables + 0x5000 | present);
            guest.memory().storeLong(tables + 0x5000 + 8 * 511, large | present);
            // inc rax; call .+2 MiB
            code(guest, CODE, "48ffc0 e800002000");
            guest.start(lastRegion + CODE);
            CpuRegisters registers = new CpuRegisters(guest.cpu);
            long stack = registers.general(4);
            registers.general(RAX, 0);

            // #GP, and there is no IDT.
            assertEquals(CpuExit.SHUTDOWN, guest.cpu.run(), () -> guest.cpu.failure());

            assertTrue(translator.bytes() > bytesBefore, "nothing was translated");
            assertEquals(1, registers.general(RAX));
            assertEquals(stack, registers.general(4));
            assertEquals(lastRegion + CODE + 3, registers.rip());
        }
    }

    @Test
    void aLoopIsLeftWhenItsCodeIsWrittenFromOutside() throws InterruptedException {
        try (BareProcessor guest = guest(false)) {
            // 1: inc rax; cmp rax, rax; jz 2f; hlt; 2: jmp 1b
            code(guest, CODE, "48ffc0 4839c0 7401 f4 ebf5");
            guest.start(CODE);
            int[] exit = new int[1];
            Thread thread = new Thread(() -> exit[0] = guest.cpu.run());
            thread.start();
            while (translator.bytes() == bytesBefore) {
                Thread.onSpinWait();
            }

            // The jump at 2 becomes HLT.
            code(guest, CODE + 9, "f4");
            thread.join();

            assertEquals(CpuExit.HALT, exit[0]);
        }
    }

    @Test
    void aLoopThatIsInterruptedAllTheTimeComputesTheSame() throws InterruptedException {
        long n = 20_000_000;
        try (BareProcessor guest = guest(false)) {
            // 1: add rax, rcx; adc rdx, 0; cmp cl, 128; jb 2f; xor rdx, rcx; 2: rcl rdx, 1; dec rcx; jnz 1b; hlt
            String loop = "4801c8 4883d200 80f980 7203 4831ca 48d1d2 48ffc9 75e9 f4";
            code(guest, CODE, loop);
            long undisturbed = run(guest, n).general(RDX);
            guest.start(CODE);
            CpuRegisters registers = new CpuRegisters(guest.cpu);
            registers.general(RCX, n);
            registers.general(RAX, 0);
            registers.general(RDX, 0);
            AtomicBoolean done = new AtomicBoolean();
            Thread thread = new Thread(() -> {
                while (!done.get()) {
                    guest.cpu.request(Requests.KICK);
                    Thread.onSpinWait();
                }
            });
            thread.start();

            int exit = guest.cpu.run();
            while (exit == CpuExit.KICK) {
                exit = guest.cpu.run();
            }
            done.set(true);
            thread.join();

            assertEquals(CpuExit.HALT, exit);
            assertEquals(undisturbed, registers.general(RDX));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void divisionsFaultWhereTheyMust(boolean inLockStep) {
        try (BareProcessor guest = guest(inLockStep)) {
            // 1: mov rax, rcx; cqo; mov ebx, 7; idiv rbx; add rsi, rax; xor edx, edx; mov eax, ecx; div ebx;
            // add rsi, rdx; dec rcx; jnz 1b; mov rax, rsi; hlt
            code(guest, CODE, "4889c8 4899 bb07000000 48f7fb 4801c6 31d2 89c8 f7f3 4801d6 48ffc9 75e2 4889f0 f4");
            new CpuRegisters(guest.cpu).general(6, 0);
            long n = rounds(inLockStep);
            long expected = 0;
            for (long i = 1; i <= n; i++) {
                expected += i / 7 + i % 7;
            }

            assertEquals(expected, run(guest, n).general(RAX));
        }
    }

    @Test
    void aKickEndsALoopThatIsLinkedToItself() throws InterruptedException {
        try (BareProcessor guest = guest(false)) {
            // 1: inc rax; jmp 1b
            code(guest, CODE, "48ffc0 ebfb");
            guest.start(CODE);
            int[] exit = new int[1];
            Thread thread = new Thread(() -> exit[0] = guest.cpu.run());
            thread.start();
            while (translator.bytes() == bytesBefore) {
                Thread.onSpinWait();
            }

            guest.cpu.request(Requests.KICK);
            thread.join();

            assertEquals(CpuExit.KICK, exit[0]);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void vectorsAreKeptAcrossBlocks(boolean inLockStep) {
        long n = rounds(inLockStep);
        try (BareProcessor guest = guest(inLockStep)) {
            guest.memory().storeLong(DATA, Double.doubleToLongBits(0.5));
            // mov ebx, DATA; pxor xmm1, xmm1; 1: addsd xmm1, [rbx]; dec rcx; jnz 1b; movq rax, xmm1; hlt
            code(guest, CODE, "bb00002000 660fefc9 f20f580b 48ffc9 75f7 66480f7ec8 f4");

            assertEquals(n * 0.5, Double.longBitsToDouble(run(guest, n).general(RAX)));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void systemCallsGoToTheKernelAndBack(boolean inLockStep) {
        int n = (int) rounds(inLockStep);
        try (BareProcessor guest = guest(inLockStep)) {
            guest.permitUserMode();
            // mov ecx, EFER; rdmsr; or eax, 1; wrmsr; xor edx, edx; mov ecx, LSTAR; mov eax, FAR; wrmsr;
            // mov ecx, FMASK; mov eax, 47700h; wrmsr; mov ecx, KERNEL_GS_BASE; mov eax, DATA; wrmsr;
            // mov ecx, STAR; xor eax, eax; mov edx, 130008h; wrmsr; xor eax, eax;
            // mov ecx, CODE + 100h; mov r11d, 202h; sysretq
            code(guest, CODE, "b9800000c0 0f32 83c801 0f30 31d2 b9820000c0 b800301000 0f30"
                    + " b9840000c0 b800770400 0f30 b9020100c0 b800002000 0f30"
                    + " b9810000c0 31c0 ba08001300 0f30 31c0 b900011000 41bb02020000 480f07");
            // 1: std; stc; syscall; adc eax, 1; pushfq; pop rdx; mov esi, cs; cld; jmp 1b
            code(guest, CODE + 0x100, "fd f9 0f05 83d001 9c 5a 8cce fc ebf2");
            // swapgs; inc dword [gs:0]; pushfq; pop rdi; mov ebp, cs; mov r8d, ss; dec ebx; swapgs; jz 1f; sysretq; 1:
            // hlt
            code(guest, FAR, "0f01f8 65ff042500000000 9c 5f 8ccd 418cd0 ffcb 0f01f8 7403 480f07 f4");
            new CpuRegisters(guest.cpu).general(RBX, n);

            CpuRegisters registers = run(guest, n);

            assertEquals(2L * (n - 1), registers.general(RAX));
            assertEquals(n, guest.memory().loadLong(DATA));
            assertEquals(0x600, registers.general(RDX) & 0x700, "IF and DF in the program");
            assertEquals(0x23, registers.general(6), "CS in the program");
            assertEquals(1, registers.general(7) & 0x701, "CF, IF and DF in the kernel");
            assertEquals(8, registers.general(5), "CS in the kernel");
            assertEquals(0x10, registers.general(8), "SS in the kernel");
            assertEquals(0, registers.cpl());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void rightsOfProtectionKeysAreReadAndWritten(boolean inLockStep) {
        long n = rounds(inLockStep);
        try (BareProcessor guest = guest(inLockStep)) {
            // mov rax, cr4; bts eax, 22; mov cr4, rax; mov rbx, rcx; xor ecx, ecx; xor edx, edx; xor eax, eax; wrpkru;
            // 1: or rdx, -1; rdpkru; add eax, 4; adc rdx, 0; wrpkru; dec rbx; jnz 1b; rdpkru; hlt
            code(guest, CODE, "0f20e0 0fbae816 0f22e0 4889cb 31c9 31d2 31c0 0f01ef"
                    + " 4883caff 0f01ee 83c004 4883d200 0f01ef 48ffcb 75ea 0f01ee f4");

            CpuRegisters registers = run(guest, n);

            assertEquals(4 * n, registers.general(RAX));
            assertEquals(0, registers.general(RDX));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void flagsAreSavedAndRestored(boolean inLockStep) {
        long n = rounds(inLockStep);
        try (BareProcessor guest = guest(inLockStep)) {
            // 1: add al, 0x35; pushfq; std; sti; cmp eax, ecx; cli; pushfq; xor rdx, [rsp]; popfq; popfq;
            // adc rdx, rdx; pushfq; add rdx, [rsp]; add rsp, 8; rol rdx, 7; dec rcx; jnz 1b; mov rax, rdx; hlt
            code(guest, CODE, "0435 9c fd fb 39c8 fa 9c 48331424 9d 9d 4811d2 9c 48031424 4883c408 48c1c207 48ffc9 75dc"
                    + " 4889d0 f4");
            long translated = run(guest, n).general(RAX);
            try (BareProcessor interpreter = new BareProcessor()) {
                code(interpreter, CODE, "0435 9c fd fb 39c8 fa 9c 48331424 9d 9d 4811d2 9c 48031424 4883c408 48c1c207"
                        + " 48ffc9 75dc 4889d0 f4");
                interpreter.start(CODE);
                CpuRegisters registers = new CpuRegisters(interpreter.cpu);
                registers.general(RCX, n);
                registers.general(RAX, 0);
                registers.general(RDX, 0);
                assertEquals(CpuExit.HALT, interpreter.cpu.run());

                assertEquals(registers.general(RAX), translated);
            }
        }
    }
}
