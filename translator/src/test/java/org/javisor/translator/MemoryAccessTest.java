// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.HexFormat;
import java.util.Random;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.CpuRegisters;
import org.junit.jupiter.api.Test;

/// Accesses that are checked at once: where they lie across pages, where one of them faults, and in random programs.
class MemoryAccessTest {
    private static final long CODE = 0x10_0000;
    /// The boundary between two large pages, the second before the first in memory.
    private static final long LOW = 0x80_0000, BOUNDARY = 0xa0_0000;
    /// Where nothing is mapped, and where nothing may be written.
    private static final long ABSENT = 0x40_0000, READ_ONLY = 0x60_0000;
    private static final int PRESENT = 1, WRITABLE = 2;
    private static final int RAX = 0, RCX = 1, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7, R12 = 12;
    private static final int HLT = 0xf4;
    private static final int PROGRAMS = 400, EXECUTIONS = 16;

    private BlockTranslator translator;

    private BareProcessor guest(boolean inLockStep) {
        translator = new HostTranslatorProvider().create(32 << 20);
        assumeTrue(translator != null, "this host runs no translated code");
        BareProcessor guest = new BareProcessor(translator, inLockStep);
        guest.map(LOW, BOUNDARY | PRESENT | WRITABLE);
        guest.map(BOUNDARY, LOW | PRESENT | WRITABLE);
        guest.map(ABSENT, 0);
        guest.map(READ_ONLY, READ_ONLY | PRESENT);
        return guest;
    }

    private static CpuRegisters start(BareProcessor guest, String hex) {
        guest.memory().store(CODE, HexFormat.of().parseHex(hex.replace(" ", "")));
        guest.start(CODE);
        return new CpuRegisters(guest.cpu);
    }

    @Test
    void whatLiesAcrossPagesIsSoonCheckedSeparately() {
        long rounds = 100_000;
        try (BareProcessor guest = guest(false)) {
            // 1: add rax, [rsi]; add rax, [rsi + 8]; inc qword [rsi]; dec rcx; jnz 1b; hlt
            CpuRegisters registers = start(guest, "480306 48034608 48ff06 48ffc9 75f1 f4");
            registers.general(RSI, BOUNDARY - 8);
            registers.general(RCX, rounds);
            registers.general(RAX, 0);
            guest.memory().storeLong(BOUNDARY + 0x1f_fff8, 0);
            guest.memory().storeLong(LOW, 5);

            assertEquals(CpuExit.HALT, guest.cpu.run(), () -> guest.cpu.failure());

            assertEquals(rounds * (rounds - 1) / 2 + 5 * rounds, registers.general(RAX));
            long exits = guest.group().translationStats().exitsToInterpret();
            assertTrue(exits > 0 && exits < 200, exits + " exits");
        }
    }

    @Test
    void aFaultInTheMiddleComesBehindWhatWasStoredBefore() {
        try (BareProcessor guest = guest(false)) {
            // 1: mov [rsi], rsi; inc rbx; mov [rsi + 8], rcx; inc rbx; add rsi, 16; jmp 1b
            CpuRegisters registers = start(guest, "488936 48ffc3 48894e08 48ffc3 4883c610 ebed");
            registers.general(RSI, ABSENT - 8 - 16 * 10_000);
            registers.general(RBX, 0);

            assertEquals(CpuExit.SHUTDOWN, guest.cpu.run(), () -> guest.cpu.failure());

            assertEquals(ABSENT, registers.cr2());
            assertEquals(ABSENT - 8, registers.general(RSI));
            assertEquals(2 * 10_000 + 1, registers.general(RBX));
            assertEquals(ABSENT - 8, guest.memory().loadLong(ABSENT - 8));
            assertEquals(CODE + 6, registers.rip());
        }
    }

    @Test
    void aReadBeforeAWriteThatFaultsIsMade() {
        try (BareProcessor guest = guest(false)) {
            // 1: mov rax, [rsi]; mov [rsi + 8], rcx; add rsi, 16; jmp 1b
            CpuRegisters registers = start(guest, "488b06 48894e08 4883c610 ebf3");
            registers.general(RSI, READ_ONLY - 16 * 10_000);
            registers.general(RAX, 0);
            guest.memory().storeLong(READ_ONLY, 77);
            guest.map(ABSENT, ABSENT | PRESENT | WRITABLE);

            assertEquals(CpuExit.SHUTDOWN, guest.cpu.run(), () -> guest.cpu.failure());

            assertEquals(READ_ONLY + 8, registers.cr2());
            assertEquals(77, registers.general(RAX));
            assertEquals(READ_ONLY, registers.general(RSI));
            assertEquals(CODE + 3, registers.rip());
        }
    }

    @Test
    void pushesThatRunIntoAPageThatIsAbsentStopAtTheFirstThatDoes() {
        try (BareProcessor guest = guest(false)) {
            long end = ABSENT + 0x20_0000;
            // 1: push rax; push rbx; push r12; jmp 1b
            CpuRegisters registers = start(guest, "50 53 4154 ebfa");
            registers.general(RSP, end + 24 * 1_000 + 16);
            registers.general(RAX, 1);
            registers.general(RBX, 2);
            registers.general(R12, 3);
            guest.map(READ_ONLY, READ_ONLY | PRESENT | WRITABLE);

            assertEquals(CpuExit.SHUTDOWN, guest.cpu.run(), () -> guest.cpu.failure());

            assertEquals(end - 8, registers.cr2());
            assertEquals(end, registers.general(RSP));
            assertEquals(1, guest.memory().loadLong(end + 8));
            assertEquals(2, guest.memory().loadLong(end));
            assertEquals(CODE + 2, registers.rip());
        }
    }

    @Test
    void randomAccessesAboutTheEndOfAPageDoWhatInterpretedOnesDo() {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("memory accesses: seed " + seed + " (repeat with -Djavisor.seed=" + seed + ")");
        Random random = new Random(seed);
        try (BareProcessor guest = guest(true)) {
            guest.group().translateAt(4);
            for (int program = 0; program < PROGRAMS; program++) {
                byte[] code = new RandomAccesses(random).code(4 + random.nextInt(30));
                guest.memory().store(CODE, code);
                for (int n = 0; n < EXECUTIONS; n++) {
                    start(guest, random);
                    assertEquals(CpuExit.HALT, guest.cpu.run(),
                            () -> HexFormat.of().formatHex(code) + " " + guest.cpu.failure());
                }
            }
            long translations = guest.group().translationStats().translations();
            assertTrue(translations > PROGRAMS / 2, translations + " translations");
        }
    }

    private static void start(BareProcessor guest, Random random) {
        guest.start(CODE);
        CpuRegisters registers = new CpuRegisters(guest.cpu);
        for (int reg = 0; reg < 16; reg++) {
            registers.general(reg, random.nextInt(5));
        }
        for (int reg : RandomAccesses.POINTERS) {
            boolean atBoundary = random.nextInt(3) == 0;
            registers.general(reg, BOUNDARY + 8 * random.nextInt(16) - (atBoundary ? 64 : 1 << 11));
        }
        for (int at = -256; at < 256; at += 8) {
            guest.memory().storeLong(LOW + at & 0x1f_ffff | (at < 0 ? BOUNDARY : LOW), random.nextLong());
        }
    }

    /// Writes programs of loads, stores, pushes and pops by a few pointers, which move by constants and are copied;
    /// some instructions are jumped over.
    private static final class RandomAccesses {
        static final int[] POINTERS = {RBX, RSP, RBP, RSI, RDI, R12, 14};
        private static final int[] VALUES = {RAX, 2, 8, 9, 13};
        private static final int[] INDEXES = {RCX, 10, 15};
        private static final int ADD_STORE = 0x01, CMP_LOAD = 0x3b, MOVAPS = Assembler.MAP_0F | 0x28;

        private final Random random;
        private final Assembler asm = new Assembler();

        RandomAccesses(Random random) {
            this.random = random;
        }

        byte[] code(int instructions) {
            int jump = 0;
            for (int n = 0; n < instructions; n++) {
                if (random.nextInt(5) == 0) {
                    land(jump);
                    jump = asm.jumpIf(random.nextInt(16));
                }
                emit();
            }
            land(jump);
            asm.byte1(HLT);
            return asm.bytes();
        }

        private void land(int jump) {
            if (jump != 0) {
                asm.land(jump);
            }
        }

        private int any(int[] registers) {
            return registers[random.nextInt(registers.length)];
        }

        private int distance() {
            return 8 * random.nextInt(8) - 32 + (random.nextInt(8) == 0 ? random.nextInt(8) : 0);
        }

        private Address address() {
            int index = random.nextInt(4) == 0 ? any(INDEXES) : Address.NONE;
            return new Address(any(POINTERS), index, index == Address.NONE ? 0 : random.nextInt(4), distance());
        }

        private void emit() {
            int size = 1 << 1 + random.nextInt(3);
            switch (random.nextInt(14)) {
                case 0, 1, 2 -> asm.op(Assembler.LOAD, size, any(VALUES), address());
                case 3, 4, 5 -> asm.op(Assembler.STORE, size, any(VALUES), address());
                case 6 -> asm.op(ADD_STORE, size, any(VALUES), address());
                case 7 -> {
                    asm.op(CMP_LOAD, size, any(VALUES), address());
                    asm.op(Assembler.MAP_0F | 0x90 | random.nextInt(16), 1, 0, any(VALUES) & 3 | 8);
                }
                case 8 -> asm.opWithRegister(0x50, 4, false, any(VALUES));
                case 9 -> asm.opWithRegister(0x58, 4, false, any(VALUES));
                case 10 -> asm.immediateOp(random.nextBoolean() ? 0 : 5, 8, any(POINTERS), 8 * random.nextInt(4));
                case 11 -> {
                    int pointer = any(POINTERS);
                    asm.lea(any(POINTERS), Address.of(pointer, 8 * random.nextInt(4) - 8));
                }
                case 12 -> asm.move(any(POINTERS), any(POINTERS));
                default -> {
                    int pointer = any(POINTERS);
                    asm.immediateOp(Assembler.AND_IMM, 8, pointer, -16);
                    asm.op(MOVAPS, 4, random.nextInt(16), Address.of(pointer, 16 * random.nextInt(3) - 16));
                    asm.op(MOVAPS + 1, 4, random.nextInt(16), Address.of(pointer, 16 * random.nextInt(3) - 16));
                }
            }
        }
    }
}
