// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.CpuRegisters;
import org.javisor.cpu.Requests;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// String instructions of every size, once and repeated: short ones in lock-step with the interpreter; long ones,
/// across pages, overlapping, faulting on the way, beside a processor that interprets.
class StringInstructionsTest {
    private static final long CODE = 0x10_0000, DATA = 0x20_0000, TABLES = 0x8_0000, PAGE_TABLE = 0x9_8000;
    private static final int DATA_PAGES = 24, PAGE = 4096;
    private static final long OTHER = 0x10_3000;
    private static final int RAX = 0, RCX = 1, RBX = 3, RSP = 4, RSI = 6, RDI = 7;
    private static final int FLAGS = 0x8d5, DF = 0x400;
    /// MOVS, CMPS, STOS, LODS, SCAS of one byte; the next opcode is that for more.
    private static final int[] OPCODES = {0xa4, 0xa6, 0xaa, 0xac, 0xae};
    private static final int EXECUTIONS = 60;

    private final long seed = Long.getLong("javisor.seed", System.nanoTime());
    private final Random random = new Random(seed);

    private static BlockTranslator translator() {
        BlockTranslator translator = new HostTranslatorProvider().create(4 << 20);
        assumeTrue(translator != null, "this host runs no translated code");
        return translator;
    }

    /// All forms, with what comes before and behind them.
    private static List<byte[]> forms() {
        List<byte[]> forms = new ArrayList<>();
        for (int opcode : OPCODES) {
            for (String prefix : List.of("", "f3", "f2")) {
                forms.add(code(prefix, "", opcode));
                forms.add(code(prefix, "66", opcode + 1));
                forms.add(code(prefix, "", opcode + 1));
                forms.add(code(prefix, "48", opcode + 1));
            }
        }
        return forms;
    }

    /// cmp rdx, rbx; the instruction; setc dl; seto bl; hlt.
    private static byte[] code(String repeat, String size, int opcode) {
        String prefixes = size.equals("48") ? repeat + size : size + repeat;
        return HexFormat.of().parseHex("4839da" + prefixes + Integer.toHexString(opcode) + "0f92c2" + "0f90c3" + "f4");
    }

    @Test
    void shortOnesDoWhatTheInterpreterDoes() {
        System.out.println("strings: seed " + seed + " (repeat with -Djavisor.seed=" + seed + ")");
        BlockTranslator translator = translator();
        long before = translator.bytes();
        try (BareProcessor guest = new BareProcessor(translator, true)) {
            guest.group().translateAt(2);
            for (byte[] form : forms()) {
                guest.memory().store(CODE, form);
                for (int n = 0; n < EXECUTIONS; n++) {
                    if (n % 10 == 0) {
                        guest.start(CODE);
                    }
                    prepare(guest, random.nextInt(20), random.nextInt(8) == 0);
                    int exit = guest.cpu.run();
                    assertEquals(CpuExit.HALT, exit, () -> HexFormat.of().formatHex(form) + " " + guest.cpu.failure());
                }
            }
        }
        assertTrue(translator.bytes() - before > 60 * 100, "only " + (translator.bytes() - before) + " bytes");
    }

    @Test
    void longOnesDoWhatTheInterpreterDoesAlsoWhereTheyFault() {
        System.out.println("strings: seed " + seed + " (repeat with -Djavisor.seed=" + seed + ")");
        try (BareProcessor guest = new BareProcessor(translator(), false);
                BareProcessor reference = new BareProcessor()) {
            guest.group().translateAt(2);
            for (byte[] form : forms()) {
                guest.memory().store(CODE, form);
                reference.memory().store(CODE, form);
                int exit = CpuExit.SHUTDOWN;
                for (int n = 0; n < EXECUTIONS / 2; n++) {
                    // The more often, the more of the pages are in the TLB.
                    if (exit != CpuExit.HALT || n % 10 == 0) {
                        startBoth(guest, reference, random.nextInt(4 * DATA_PAGES));
                    }
                    prepareBoth(guest, reference);
                    exit = guest.cpu.run();
                    assertEquals(CpuExit.name(reference.cpu.run()), CpuExit.name(exit));
                    assertEqualStates(HexFormat.of().formatHex(form), reference, guest);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void codeThatIsStoredByThemIsExecutedAsItIsThen(boolean inLockStep) {
        try (BareProcessor guest = new BareProcessor(translator(), inLockStep)) {
            guest.group().translateAt(2);
            // 1: mov eax, ebx; mov edi, 2f + 1; mov ecx, 4; rep stosb; call 2f; add rsi, rax;
            // mov rdx, rsi; mov edi, OTHER + 1; mov esi, 2f + 1; mov ecx, 4; rep movsb; mov rsi, rdx; call OTHER;
            // add rsi, rax; dec rbx; jnz 1b; hlt; 2: mov eax, imm32; ret
            guest.memory().store(CODE,
                    HexFormat.of().parseHex("89d8bf3c001000b904000000f3aae8280000004801c64889f2"
                            + "bf01301000be3c001000b904000000f3a44889d6e8ce2f"
                    + "00004801c648ffcb75c6f4b800000000c3"));
            guest.memory().store(OTHER, HexFormat.of().parseHex("b800000000c3"));
            guest.start(CODE);
            CpuRegisters registers = new CpuRegisters(guest.cpu);
            registers.general(RSI, 0);
            registers.general(RBX, 1_000);

            assertEquals(CpuExit.HALT, guest.cpu.run(), () -> guest.cpu.failure());

            long sum = 0;
            for (int n = 1; n <= 1_000; n++) {
                sum += 2 * ((n & 0xff) * 0x0101_0101L);
            }
            assertEquals(sum, registers.general(RSI));
        }
    }

    @Test
    void aKickEndsALongOneInTheMiddle() throws InterruptedException {
        try (BareProcessor guest = new BareProcessor(translator(), false)) {
            guest.group().translateAt(2);
            // 1: mov edi, DATA; mov ecx, 0x100000; rep stosb; inc rbx; jmp 1b
            guest.memory().store(CODE, HexFormat.of().parseHex("bf00002000b900001000f3aa48ffc3ebef"));
            guest.start(CODE);
            for (int n = 0; n < 100; n++) {
                int[] exit = new int[1];
                Thread thread = new Thread(() -> exit[0] = guest.cpu.run());
                thread.start();
                Thread.onSpinWait();
                guest.cpu.request(Requests.KICK);
                thread.join();
                assertEquals(CpuExit.KICK, exit[0], () -> guest.cpu.failure());
                CpuRegisters registers = new CpuRegisters(guest.cpu);
                boolean inside = registers.rip() == CODE + 10;
                assertTrue(!inside || registers.general(RCX) + registers.general(RDI) == DATA + 0x10_0000);
            }
        }
    }

    private static void startBoth(BareProcessor guest, BareProcessor reference, int absent) {
        mapPages(guest, absent);
        mapPages(reference, absent);
        guest.start(CODE);
        reference.start(CODE);
    }

    private void prepareBoth(BareProcessor guest, BareProcessor reference) {
        boolean backwards = random.nextInt(8) == 0;
        prepare(guest, random.nextInt(4) == 0 ? random.nextInt(40) : random.nextInt(backwards ? PAGE / 8 : 2 * PAGE),
                backwards);
        byte[] data = new byte[DATA_PAGES * PAGE];
        guest.memory().load(DATA, data, 0, data.length);
        reference.memory().store(DATA, data);
        CpuRegisters from = new CpuRegisters(guest.cpu);
        CpuRegisters to = new CpuRegisters(reference.cpu);
        for (int reg = 0; reg < 16; reg++) {
            to.general(reg, from.general(reg));
        }
        to.rflags(from.rflags());
        to.rip(CODE);
    }

    private static void assertEqualStates(String form, BareProcessor expected, BareProcessor actual) {
        CpuRegisters wanted = new CpuRegisters(expected.cpu);
        CpuRegisters registers = new CpuRegisters(actual.cpu);
        for (int reg = 0; reg < 16; reg++) {
            assertEquals(Long.toHexString(wanted.general(reg)), Long.toHexString(registers.general(reg)),
                    form + " register " + reg);
        }
        assertEquals(wanted.rip(), registers.rip(), form);
        assertEquals(wanted.rflags(), registers.rflags(), form);
        assertEquals(wanted.cr2(), registers.cr2(), form);
        byte[] data = new byte[DATA_PAGES * PAGE];
        byte[] wantedData = new byte[DATA_PAGES * PAGE];
        expected.memory().load(DATA, wantedData, 0, wantedData.length);
        actual.memory().load(DATA, data, 0, data.length);
        assertArrayEquals(wantedData, data, form);
    }

    /// The data in pages of 4 KiB, one of which may be absent.
    private static void mapPages(BareProcessor guest, int absent) {
        for (int n = 0; n < 512; n++) {
            guest.memory().storeLong(PAGE_TABLE + 8 * n, n == absent ? 0 : DATA + PAGE * n | 3);
        }
        guest.memory().storeLong(TABLES + 0x2000 + 8, PAGE_TABLE | 3);
    }

    private void prepare(BareProcessor guest, long count, boolean backwards) {
        for (int at = 0; at < DATA_PAGES * PAGE; at += 8) {
            // Mostly the same, so that comparisons go far.
            guest.memory().storeLong(DATA + at, random.nextInt(500) == 0 ? random.nextLong() : 0);
        }
        CpuRegisters registers = new CpuRegisters(guest.cpu);
        registers.rip(CODE);
        for (int reg = 0; reg < 16; reg++) {
            registers.general(reg, reg == RSP ? registers.general(RSP) : random.nextLong());
        }
        registers.general(RAX, random.nextBoolean() ? 0 : random.nextLong());
        registers.general(RCX, count);
        long source = address();
        registers.general(RSI, source);
        registers.general(RDI, random.nextInt(3) == 0 ? source + random.nextInt(48) - 16 : address());
        registers.rflags(2 | random.nextInt() & FLAGS | (backwards ? DF : 0));
    }

    /// Often near the end of a page.
    private long address() {
        return DATA + PAGE * random.nextInt(1, 4)
                + (random.nextBoolean() ? PAGE - random.nextInt(40) : 8 * random.nextInt(PAGE / 8));
    }
}
