// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.HexFormat;
import java.util.function.LongUnaryOperator;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.CpuRegisters;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Programs whose x87 state goes to and fro between host code and interpreter, linked and in lock-step.
class X87ProgramsTest {
    private static final long CODE = 0x10_0000, HANDLER = 0x10_2000, DATA = 0x20_0000, GDT = 0x21_0000, IDT = 0x22_0000;
    private static final int RAX = 0, RCX = 1, RBX = 3, RSI = 6, SS = 2;
    private static final int NM = 7, MF = 16;
    private static final long CODE_DESCRIPTOR = 0x0020_9b00_0000_0000L;
    private static final long INTERRUPT_GATE = 0x8e00L << 32, CODE_SELECTOR = 8L << 16;
    private static final long CR0_NE = 1 << 5;

    private record Result(long rax, long rbx) { }

    private static long rounds(boolean inLockStep) {
        return inLockStep ? 300 : 20_000;
    }

    /// Runs a program with the rounds in RCX and data at RSI.
    ///
    /// @param handler of exception `vector`, which counts in RBX
    private static Result run(boolean inLockStep, String program, int vector, String handler) {
        BlockTranslator translator = new HostTranslatorProvider().create(1 << 20);
        assumeTrue(translator != null, "this host runs no translated code");
        long before = translator.bytes();
        try (BareProcessor guest = new BareProcessor(translator, inLockStep)) {
            code(guest, CODE, program);
            code(guest, HANDLER, handler);
            guest.memory().storeLong(GDT + 8, CODE_DESCRIPTOR);
            guest.memory().storeLong(IDT + 16 * vector,
                    HANDLER & 0xffff | CODE_SELECTOR | INTERRUPT_GATE | HANDLER >> 16 << 48);
            guest.memory().storeLong(DATA, 0x037f_037b_0007_0000L);
            guest.memory().storeLong(DATA + 8, 3);
            guest.start(CODE);
            CpuRegisters registers = new CpuRegisters(guest.cpu);
            registers.gdt(GDT, 15);
            registers.idt(IDT, 0xfff);
            registers.segment(SS, 0, 0, -1, 0x4093);
            registers.paging(registers.cr0() | CR0_NE, registers.cr3(), registers.cr4(), registers.efer());
            registers.general(RCX, rounds(inLockStep));
            registers.general(RSI, DATA);
            registers.general(RBX, 0);
            int exit = guest.cpu.run();
            assertEquals(CpuExit.HALT, exit, () -> guest.cpu.failure());
            assertEquals(0, registers.general(RCX));
            assertTrue(translator.bytes() > before, "nothing was translated");
            return new Result(registers.general(RAX), registers.general(RBX));
        }
    }

    private static Result run(boolean inLockStep, String program) {
        return run(inLockStep, program, NM, "f4");
    }

    private static void code(BareProcessor guest, long at, String hex) {
        guest.memory().store(at, HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    private static long sum(long n, LongUnaryOperator term) {
        long sum = 0;
        for (long i = 1; i <= n; i++) {
            sum += term.applyAsLong(i);
        }
        return sum;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void registersSurviveInterpretedInstructions(boolean inLockStep) {
        // fninit; fldz; 1: push rcx; fild qword [rsp]; fld1; fdivrp; faddp; xor eax, eax; cpuid; pop rcx; dec rcx;
        // jnz 1b; fstp qword [rsi]; mov rax, [rsi]; hlt
        Result result = run(inLockStep,
                "dbe3 d9ee 51 df2c24 d9e8 def1 dec1 31c0 0fa2 59 48ffc9 75ec dd1e 488b06 f4");

        double sum = 0;
        for (long i = rounds(inLockStep); i > 0; i--) {
            sum += 1.0 / i;
        }
        assertEquals(sum, Double.longBitsToDouble(result.rax()), 1e-9);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void fxsaveAndFxrstorSeeWhatHostCodeLeft(boolean inLockStep) {
        // fninit; fld1; fldz; 1: push rcx; fxsave [rsi]; fld1; fadd st1, st0; fstp st0; fnstsw ax; fxrstor [rsi];
        // fld st1; faddp; pop rcx; dec rcx; jnz 1b; fistp qword [rsi]; mov rax, [rsi]; hlt
        Result result = run(inLockStep, "dbe3 d9e8 d9ee 51 0fae06 d9e8 dcc1 ddd8 dfe0 0fae0e d9c1 dec1 59 48ffc9"
                + "75e7 df3e 488b06 f4");

        assertEquals(rounds(inLockStep), result.rax());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theControlWordRoundsAsItSays(boolean inLockStep) {
        // fninit; fldz; 1: mov ax, cx; and eax, 3; shl eax, 10; or eax, 0x37f; mov [rsi], ax; fldcw [rsi]; fld1;
        // fild word [rsi + 8]; fdivp; frndint; faddp; fnstcw [rsi + 4]; cmp [rsi + 4], ax; jne 2f; dec rcx; jnz 1b;
        // fistp qword [rsi]; mov rax, [rsi]; 2: hlt
        Result result = run(inLockStep, "dbe3 d9ee 6689c8 83e003 c1e00a 0d7f030000 668906 d92e d9e8 df4608 def9"
                + "d9fc dec1 d97e04 66394604 750a 48ffc9 75d4 df3e 488b06 f4");

        // A third is 1 when rounded up, and 0 otherwise.
        assertEquals(sum(rounds(inLockStep), i -> (i & 3) == 2 ? 1 : 0), result.rax());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void mmxAndX87ShareTheirRegisters(boolean inLockStep) {
        // fninit; 1: movd mm0, ecx; movd mm1, ecx; paddd mm0, mm1; movd eax, mm0; emms; push rax; fild qword [rsp];
        // fadd qword [rsi + 16]; fstp qword [rsi + 16]; pop rax; dec rcx; jnz 1b; mov rax, [rsi + 16]; hlt
        Result result = run(inLockStep, "dbe3 0f6ec1 0f6ec9 0ffec1 0f7ec0 0f77 50 df2c24 dc4610 dd5e10 58 48ffc9 75e2"
                + "488b4610 f4");

        assertEquals(sum(rounds(inLockStep), i -> 2 * i), (long) Double.longBitsToDouble(result.rax()));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void withTaskSwitchedTheUnitIsNotAvailable(boolean inLockStep) {
        // fninit; fldz; 1: mov rax, cr0; or al, 8; mov cr0, rax; fld1; faddp; fistp qword [rsi]; fild qword [rsi];
        // dec rcx; jnz 1b; mov rax, [rsi]; hlt. Handler: clts; inc rbx; iretq
        Result result = run(inLockStep, "dbe3 d9ee 0f20c0 0c08 0f22c0 d9e8 dec1 df3e df2e 48ffc9 75eb 488b06 f4", NM,
                "0f06 48ffc3 48cf");

        assertEquals(rounds(inLockStep), result.rbx());
        assertEquals(rounds(inLockStep), result.rax());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void unmaskedExceptionsAreRaised(boolean inLockStep) {
        // fninit; 1: fldcw [rsi + 4]; fld1; fldz; fdivp; fldcw [rsi + 6]; fstp st0; fstp st0; dec rcx; jnz 1b; hlt.
        // Handler: fnclex; inc rbx; iretq
        Result result = run(inLockStep, "dbe3 d96e04 d9e8 d9ee def9 d96e06 ddd8 ddd8 48ffc9 75eb f4", MF,
                "dbe2 48ffc3 48cf");

        assertEquals(rounds(inLockStep), result.rbx());
    }
}
