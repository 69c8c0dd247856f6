// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.util.HexFormat;
import java.util.Set;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.CpuRegisters;
import org.javisor.cpu.KeptCode;
import org.javisor.cpu.TranslationStats;
import org.javisor.cpu.TranslatorConfig;
import org.junit.jupiter.api.Test;

/// Host code that one run makes and the next one uses.
class KeptCodeTest {
    private static final long CODE = 0x10_0000, DATA = 0x20_0000, PAGE = 0x1000;
    private static final int KERNEL = 0x8100_0000;
    private static final int RCX = 1, RDX = 2, RBX = 3, RSI = 6;
    private static final int ROUNDS = 1_000;
    /// 1: add rbx, [rsi]; test cl, 1; jz 2f; call 3f; 2: dec ecx; jnz 1b; hlt; 3: mov rdi, rdx; push rcx; mov ecx, 3
    /// mov al, 7; rep stosb; pop rcx; ret - an access, pieces, a call and a return, a routine.
    private static final String LOOP = "48031e f6c101 7405 e805000000 ffc9 75ef f4"
            + "4889d7 51 b903000000 b007 f3aa 59 c3";

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private static BareProcessor guest(KeptCode code) {
        return guest(code, new HostFeatures(), false);
    }

    private static BareProcessor guest(KeptCode code, HostFeatures host, boolean inLockStep) {
        TranslatorConfig config = TranslatorConfig.DEFAULT.withCacheBytes(16 << 20).withKeptCode(code);
        BlockTranslator translator = new HostTranslatorProvider(host).create(config);
        assumeTrue(translator != null, "this host runs no translated code");
        BareProcessor guest = new BareProcessor(translator, inLockStep);
        guest.group().keptCode(code);
        return guest;
    }

    private static KeptCode next(KeptCode code) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        code.writeTo(Channels.newChannel(file));
        return new KeptCode(ByteBuffer.wrap(file.toByteArray()));
    }

    private static long loop(BareProcessor guest, long at) {
        guest.memory().store(at, bytes(LOOP));
        guest.memory().storeLong(DATA, 3);
        guest.start(at);
        CpuRegisters registers = new CpuRegisters(guest.cpu);
        registers.general(RCX, ROUNDS);
        registers.general(RBX, 0);
        registers.general(RSI, DATA);
        registers.general(RDX, DATA + 64);
        assertEquals(CpuExit.HALT, guest.cpu.run(), () -> guest.cpu.failure());
        assertEquals(0x0007_0707, guest.memory().loadLong(DATA + 64));
        return registers.general(RBX);
    }

    private static KeptCode kept() throws IOException {
        KeptCode code = new KeptCode();
        try (BareProcessor guest = guest(code)) {
            assertEquals(3 * ROUNDS, loop(guest, CODE));
            assertEquals(0, guest.group().translationStats().restored());
        }
        assertTrue(code.hasGrown());
        return next(code);
    }

    @Test
    void theNextRunMakesNoneOfItAgain() throws IOException {
        KeptCode code = kept();
        try (BareProcessor guest = guest(code)) {
            assertEquals(3 * ROUNDS, loop(guest, CODE));

            TranslationStats stats = guest.group().translationStats();
            assertTrue(stats.translations() > 1 && stats.restored() == stats.translations(), () -> stats.toString());
            assertTrue(!code.hasGrown());
        }
    }

    @Test
    void itRunsAtAnotherPlaceWithAnotherNumber() throws IOException {
        try (BareProcessor guest = guest(kept())) {
            // What is translated before takes the first numbers and the first places: 1: inc eax; dec ecx; jnz 1b; hlt
            for (int n = 0; n < 5; n++) {
                guest.memory().store(CODE + 8 * PAGE + 16 * n, bytes("ffc0 ffc9 75fa f4"));
                guest.start(CODE + 8 * PAGE + 16 * n);
                new CpuRegisters(guest.cpu).general(RCX, ROUNDS);
                assertEquals(CpuExit.HALT, guest.cpu.run());
            }

            assertEquals(3 * ROUNDS, loop(guest, CODE + 3 * PAGE));
            TranslationStats stats = guest.group().translationStats();
            assertTrue(stats.restored() > 1 && stats.restored() < stats.translations(), () -> stats.toString());
        }
    }

    @Test
    void theCodeMayChangeAfterwards() throws IOException {
        try (BareProcessor guest = guest(kept())) {
            assertEquals(3 * ROUNDS, loop(guest, CODE));

            // add rbx, [rsi] becomes sub rbx, [rsi].
            guest.memory().store(CODE + 1, new byte[] {0x2b});
            guest.start(CODE);
            CpuRegisters registers = new CpuRegisters(guest.cpu);
            registers.general(RCX, ROUNDS);
            registers.general(RBX, 0);
            assertEquals(CpuExit.HALT, guest.cpu.run());
            assertEquals(-3 * ROUNDS, registers.general(RBX));
        }
    }

    @Test
    void lockStepAgreesWithIt() throws IOException {
        KeptCode code = new KeptCode();
        for (int run = 0; run < 2; run++) {
            try (BareProcessor guest = guest(code, new HostFeatures(), true)) {
                assertEquals(3 * ROUNDS, loop(guest, CODE));
                assertEquals(run != 0, guest.group().translationStats().restored() > 1);
            }
            code = next(code);
        }
    }

    @Test
    void anotherHostMakesItsOwn() throws IOException {
        try (BareProcessor guest = guest(kept(), new HostFeatures(Set.of("bmi2")), false)) {
            assertEquals(3 * ROUNDS, loop(guest, CODE));
            assertEquals(0, guest.group().translationStats().restored());
        }
    }

    @Test
    void whatIsCountedIsNotWhatIsNot() throws IOException {
        KeptCode code = kept();
        try (BareProcessor guest = guest(code)) {
            guest.group().countInstructions();
            assertEquals(3 * ROUNDS, loop(guest, CODE));
            assertEquals(0, guest.group().translationStats().restored());
        }
    }

    // ---- a kernel that is elsewhere ----

    private static byte[] kernel(int address) {
        ByteBuffer code = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        // 1: mov rdi, address; add rbx, rdi; cmp rdi, address + 8; adc rbx, 0; mov rax, 64 bits of address + 1
        code.put(bytes("48c7c7")).putInt(address).put(bytes("4801fb 4881ff")).putInt(address + 8)
                .put(bytes("4883d300 48b8")).putLong(address + 1);
        // add rbx, rax; xor eax, 7; dec ecx; jnz 1b; hlt
        return code.put(bytes("4801c3 83f007 ffc9 75d7 f4")).array();
    }

    private static long run(BareProcessor guest, int address) {
        guest.memory().store(CODE, kernel(address));
        guest.start(CODE);
        CpuRegisters registers = new CpuRegisters(guest.cpu);
        registers.general(RCX, ROUNDS);
        registers.general(RBX, 0);
        assertEquals(CpuExit.HALT, guest.cpu.run(), () -> guest.cpu.failure());
        return registers.general(RBX);
    }

    @Test
    void addressesInAKernelAreThoseOfThisRun() throws IOException {
        int address = KERNEL + 0x1230;
        KeptCode code = new KeptCode();
        try (BareProcessor guest = guest(code)) {
            assertEquals(ROUNDS * (2L * address + 2), run(guest, address));
        }
        int elsewhere = address + 7 * Relocatable.STEP;
        try (BareProcessor guest = guest(next(code))) {
            assertEquals(ROUNDS * (2L * elsewhere + 2), run(guest, elsewhere));

            TranslationStats stats = guest.group().translationStats();
            assertTrue(stats.restored() > 0 && stats.restored() == stats.translations(), () -> stats.toString());
        }
        try (BareProcessor guest = guest(next(code))) {
            assertEquals(ROUNDS * (2L * (address + 16) + 2), run(guest, address + 16));
            assertEquals(0, guest.group().translationStats().restored(), "a kernel never moves by 16 bytes");
        }
    }

    // ---- as bytes ----

    @Test
    void bytesAreWhatTheyWere() {
        Relocatable made = new Relocatable(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, new int[] {3, 0}, new int[] {-7},
                new int[] {-1}, new int[] {12}, new int[] {0}, new int[] {4}, new int[0], new int[0], new int[] {2});

        Relocatable again = Relocatable.of(made.bytes(), 0);

        assertArrayEquals(made.bytes(), again.bytes());
        assertArrayEquals(made.code(), again.code());
        assertArrayEquals(made.targets(), again.targets());
        assertArrayEquals(new byte[] {1 - 1, 2, 3, 4, 5, 6 + 0x20, 7, 8}, again.at(1, 2, 0));
    }

    @Test
    void anIdentityIsThatOfTheHost() {
        long all = Maker.identity(new HostFeatures(), 4096);

        assertEquals(all, Maker.identity(new HostFeatures(), 4096));
        assertNotEquals(all, Maker.identity(new HostFeatures(Set.of("bmi2")), 4096));
        assertNotEquals(all, Maker.identity(new HostFeatures(), 4112));
    }
}
