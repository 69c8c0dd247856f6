// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.HexFormat;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.CpuRegisters;
import org.javisor.isa.Feature;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What becomes of vector registers, and of the permission to use them, across code with and without VEX prefixes and
/// across exits. Linked and in lock-step.
class VectorProgramsTest {
    private static final long CODE = 0x10_0000, FAR = 0x10_3000, DATA = 0x20_0000;
    private static final int RAX = 0, RCX = 1, RDI = 7;
    private static final int ALL_MASKED = 0x1f80;

    private BlockTranslator translator;

    @BeforeEach
    void create() {
        translator = new HostTranslatorProvider().create(16 << 20);
        assumeTrue(translator != null, "this host runs no translated code");
        assumeTrue(new HostFeatures().has(Feature.AVX2), "this host has no AVX2");
    }

    @AfterEach
    void close() {
        if (translator != null) {
            translator.close();
        }
    }

    private BareProcessor guest(boolean inLockStep) {
        BareProcessor guest = new BareProcessor(translator, inLockStep);
        guest.enableAvx();
        return guest;
    }

    private static void code(BareProcessor guest, long at, String hex) {
        guest.memory().store(at, HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    private static CpuRegisters start(BareProcessor guest, long rounds) {
        guest.start(CODE);
        CpuRegisters registers = new CpuRegisters(guest.cpu);
        registers.general(RAX, 0);
        registers.general(RCX, rounds);
        registers.general(RDI, 0);
        registers.mxcsr(ALL_MASKED);
        return registers;
    }

    private void runToEnd(BareProcessor guest) {
        long before = translator.bytes();
        assertEquals(CpuExit.HALT, guest.cpu.run(), () -> guest.cpu.failure());
        assertTrue(translator.bytes() > before, "nothing was translated");
    }

    private static long rounds(boolean inLockStep) {
        return inLockStep ? 500 : 50_000;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void upperHalvesStayWhereCodeWithoutVexPrefixesWritesLowerOnes(boolean inLockStep) {
        long n = rounds(inLockStep);
        try (BareProcessor guest = guest(inLockStep)) {
            // mov ebx, FAR; 1: paddq xmm3, xmm5; call rbx; dec rcx; jnz 1b; hlt
            code(guest, CODE, "bb00301000 660fd4dd ffd3 48ffc9 75f5 f4");
            // vextracti128 xmm4, ymm3, 1; vmovq rdx, xmm4; add rax, rdx; ret
            code(guest, FAR, "c4e37d39dc01 c4e1f97ee2 4801d0 c3");
            CpuRegisters registers = start(guest, n);
            registers.vector(3, 0, 0);
            registers.vector(3, 2, 7);
            registers.vector(4, 2, -1);
            registers.vector(5, 0, 1);
            registers.vector(12, 3, 12);

            runToEnd(guest);

            assertEquals(7 * n, registers.general(RAX));
            assertEquals(n, registers.vector(3, 0));
            assertEquals(7, registers.vector(3, 2));
            assertEquals(0, registers.vector(4, 2), "a VEX prefix clears what is above 128 bits");
            assertEquals(12, registers.vector(12, 3));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void registersComeThroughInterpretedInstructions(boolean inLockStep) {
        long n = rounds(inLockStep) / 2;
        try (BareProcessor guest = guest(inLockStep)) {
            // 1: vpcmpeqd ymm1, ymm1, ymm1; vpcmpeqd ymm2, ymm2, ymm2; mov rsi, rcx; xor eax, eax; cpuid; mov rcx, rsi;
            // pxor xmm1, xmm1; vpxor xmm2, xmm2, xmm2; xor eax, eax; cpuid; mov rcx, rsi; vextracti128 xmm3, ymm1, 1;
            // vextracti128 xmm4, ymm2, 1; vmovq rdx, xmm3; add rdi, rdx; vmovq rdx, xmm4; add rdi, rdx;
            // dec rcx; jnz 1b; mov rax, rdi; hlt
            code(guest, CODE, "c5f576c9 c5ed76d2 4889ce 31c0 0fa2 4889f1 660fefc9 c5e9efd2 31c0 0fa2 4889f1"
                    + "c4e37d39cb01 c4e37d39d401 c4e1f97eda 4801d7 c4e1f97ee2 4801d7 48ffc9 75be 4889f8 f4");
            CpuRegisters registers = start(guest, n);

            runToEnd(guest);

            assertEquals(-n, registers.general(RAX));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void zeroingUpperHalvesDoesJustThat(boolean inLockStep) {
        long n = rounds(inLockStep);
        try (BareProcessor guest = guest(inLockStep)) {
            // 1: vpcmpeqd ymm1, ymm1, ymm1; vzeroupper; vpaddq ymm2, ymm1, ymm1; vextracti128 xmm3, ymm1, 1;
            // vmovq rdx, xmm3; add rax, rdx; vmovq rdx, xmm1; sub rax, rdx; dec rcx; jnz 1b; hlt
            code(guest, CODE, "c5f576c9 c5f877 c5f5d4d1 c4e37d39cb01 c4e1f97eda 4801d0 c4e1f97eca 4829d0"
                    + "48ffc9 75da f4");
            CpuRegisters registers = start(guest, n);

            runToEnd(guest);

            assertEquals(n, registers.general(RAX));
            assertEquals(-2, registers.vector(2, 1));
            assertEquals(0, registers.vector(2, 2));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void withoutAvxStateHostCodeIsNotEntered(boolean inLockStep) {
        try (BareProcessor guest = guest(inLockStep)) {
            // 1: vpaddq xmm1, xmm1, xmm2; dec rcx; jnz 1b; hlt
            code(guest, CODE, "c5f1d4ca 48ffc9 75f7 f4");
            CpuRegisters registers = start(guest, rounds(inLockStep));
            registers.vector(2, 0, 1);
            runToEnd(guest);

            // xor ecx, ecx; xor edx, edx; mov eax, 3; xsetbv; hlt
            code(guest, FAR, "31c9 31d2 b803000000 0f01d1 f4");
            start(guest, 1).rip(FAR);
            assertEquals(CpuExit.HALT, guest.cpu.run());
            start(guest, 1).vector(1, 0, 5);

            assertEquals(CpuExit.SHUTDOWN, guest.cpu.run(), "#UD without a handler");
            assertEquals(5, registers.vector(1, 0));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anExceptionThatLdmxcsrUnmasksIsRaised(boolean inLockStep) {
        long n = rounds(inLockStep);
        try (BareProcessor guest = guest(inLockStep)) {
            guest.memory().storeLong(DATA, ALL_MASKED);
            // mov ebx, DATA; 1: ldmxcsr [rbx]; movaps xmm1, xmm3; divss xmm1, xmm2; inc rax; dec rcx; jnz 2f; hlt;
            // 2: cmp rcx, 5; jne 1b; mov dword [rbx], 0x1d80; jmp 1b
            code(guest, CODE, "bb00002000 0fae13 0f28cb f30f5eca 48ffc0 48ffc9 7501 f4 4883f905 75e7"
                    + "c703801d0000 ebdf");
            CpuRegisters registers = start(guest, n);
            registers.vector(2, 0, 0);
            registers.vector(3, 0, Float.floatToRawIntBits(1));

            assertEquals(CpuExit.SHUTDOWN, guest.cpu.run(), "a division by zero without a handler");

            assertEquals(n - 5, registers.general(RAX));
            assertEquals(0x1d80 | 4, registers.mxcsr());
        }
    }
}
