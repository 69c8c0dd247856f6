// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.HexFormat;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.CpuRegisters;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Calls and returns that do not come in pairs, or are too many at once.
class ReturnStackTest {
    private static final long CODE = 0x10_0000;
    private static final int RAX = 0, RCX = 1, RDX = 2;

    /// @return RAX and RDX
    private static long[] run(boolean inLockStep, long rounds, String hex) {
        BlockTranslator translator = new HostTranslatorProvider().create(16 << 20);
        assumeTrue(translator != null, "this host runs no translated code");
        try (BareProcessor guest = new BareProcessor(translator, inLockStep)) {
            guest.memory().store(CODE, HexFormat.of().parseHex(hex.replace(" ", "")));
            guest.start(CODE);
            CpuRegisters registers = new CpuRegisters(guest.cpu);
            registers.general(RCX, rounds);
            registers.general(RAX, 0);
            registers.general(RDX, 0);
            assertEquals(CpuExit.HALT, guest.cpu.run(), () -> guest.cpu.failure());
            return new long[] {registers.general(RAX), registers.general(RDX)};
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRecursionDeeperThanTheStackOfFramesComesBackAllTheWay(boolean inLockStep) {
        long rounds = inLockStep ? 2 : 300;
        // 1: mov edx, 5000; call 2f; dec rcx; jnz 1b; hlt; 2: dec edx; jz 3f; call 2b; inc rax; 3: ret
        long[] results = run(inLockStep, rounds,
                "ba88130000 e806000000 48ffc9 75f1 f4 ffca 7408 e8f7ffffff 48ffc0 c3");

        assertEquals(4_999 * rounds, results[0]);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aReturnGoesWhereTheGuestsStackSays(boolean inLockStep) {
        long rounds = inLockStep ? 500 : 100_000;
        // 1: lea rbx, [6f]; call 2f; dec rcx; jnz 1b; hlt; 2: call 3f; inc rdx; ret;
        // 3: call 5f; 4: jmp 4b; 5: mov [rsp], rbx; ret; 6: inc rax; ret
        long[] results = run(inLockStep, rounds, "488d1d20000000 e806000000 48ffc9 75ef f4 e804000000 48ffc2 c3"
                + " e802000000 ebfe 48891c24 c3 48ffc0 c3");

        assertEquals(rounds, results[0]);
        assertEquals(rounds, results[1]);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void callsForTheirReturnAddressAloneDoNotMisleadReturns(boolean inLockStep) {
        long rounds = inLockStep ? 500 : 100_000;
        // 1: call 2f; dec rcx; jnz 1b; hlt; 2: call 3f; inc rdx; ret;
        // 3: call 4f; 4: pop rbx; call 5f; 5: pop rsi; sub rsi, rbx; add rax, rsi; ret
        long[] results = run(inLockStep, rounds,
                "e806000000 48ffc9 75f6 f4 e804000000 48ffc2 c3 e800000000 5b e800000000 5e 4829de 4801f0 c3");

        assertEquals(6 * rounds, results[0]);
        assertEquals(rounds, results[1]);
    }
}
