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

/// Random instructions in a row, mostly on R12 to R15, in lock-step: what one of them leaves in a scratch register is
/// what the next would load.
class RegistersInMemoryTest {
    private static final long CODE = 0x10_0000, DATA = 0x20_0000, STACK = 0x30_0000;
    private static final int RSP = 4, RSI = 6, RDI = 7;
    private static final int PROGRAMS = 200, LENGTH = 24, EXECUTIONS = 64;
    private static final int FLAGS = 0x8d5;
    /// ADD, OR, ADC, SBB, AND, SUB, XOR, CMP: both directions; MOV, TEST, XCHG.
    private static final int[] ONE_BYTE = {0x01, 0x03, 0x09, 0x0b, 0x11, 0x13, 0x19, 0x1b, 0x21, 0x23, 0x29, 0x2b, 0x31,
        0x33, 0x39, 0x3b, 0x89, 0x8b, 0x89, 0x8b, 0x85, 0x87};
    /// IMUL, XADD, MOVZX, MOVSX, CMOVB, BSF, BT, BTS, SHLD by CL, CMPXCHG.
    private static final int[] TWO_BYTES = {0xaf, 0xc1, 0xb6, 0xb7, 0xbe, 0xbf, 0x42, 0xbc, 0xa3, 0xab, 0xb1};
    /// ANDN; MULX, PDEP, PEXT; SHLX, SARX, SHRX.
    private static final int[] VEX = {0x02f2, 0xf2_02f6, 0xf2_02f5, 0xf3_02f5, 0x66_02f7, 0xf3_02f7, 0xf2_02f7};

    private final long seed = Long.getLong("javisor.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final Assembler asm = new Assembler();

    @Test
    void instructionsInARowDoWhatTheInterpreterDoes() {
        BlockTranslator translator = new HostTranslatorProvider().create(16 << 20);
        assumeTrue(translator != null, "this host runs no translated code");
        System.out.println("registers in memory: seed " + seed + " (repeat with -Djavisor.seed=" + seed + ")");
        try (BareProcessor guest = new BareProcessor(translator, true)) {
            for (int n = 0; n < PROGRAMS; n++) {
                long before = translator.bytes();
                run(guest, program());
                assertTrue(translator.bytes() > before, "nothing was translated");
            }
        }
    }

    private byte[] program() {
        asm.reset();
        for (int n = 0; n < LENGTH; n++) {
            emit();
        }
        asm.byte1(0xf4);
        return asm.bytes();
    }

    private void run(BareProcessor guest, byte[] program) {
        guest.memory().store(CODE, program);
        for (int n = 0; n < EXECUTIONS; n++) {
            guest.start(CODE);
            CpuRegisters registers = new CpuRegisters(guest.cpu);
            for (int reg = 0; reg < 16; reg++) {
                registers.general(reg, random.nextInt(3) == 0 ? random.nextInt(5) - 2 : random.nextLong());
            }
            registers.general(RSP, STACK);
            registers.general(RSI, DATA);
            registers.rflags(2 | random.nextInt() & FLAGS);
            assertEquals(CpuExit.HALT, guest.cpu.run(),
                    () -> HexFormat.of().formatHex(program) + ": " + guest.cpu.failure());
        }
    }

    private void emit() {
        int size = random.nextBoolean() ? 8 : random.nextBoolean() ? 4 : 2;
        switch (random.nextInt(12)) {
            case 0, 1, 2, 3 -> asm.op(one(ONE_BYTE), size, register(), register());
            case 4 -> asm.op(Assembler.MAP_0F | one(TWO_BYTES), size, register(), register());
            case 5 -> asm.vex(one(VEX), size == 8 ? Assembler.VEX_W : 0, register(), register(), register());
            case 6 -> asm.lea(register(), new Address(register(), register(), random.nextInt(4), random.nextInt(256)));
            case 7 -> asm.op(random.nextBoolean() ? Assembler.LOAD : Assembler.STORE, size, register(),
                    Address.of(RSI, 8 * random.nextInt(32)));
            case 8 -> {
                asm.opWithRegister(0xb8, size, false, register());
                asm.immediate(random.nextBoolean() ? random.nextInt(100) : random.nextLong(), size);
            }
            case 9 -> asm.op(0xff, size, random.nextInt(2), register());
            case 10 -> {
                asm.op(0xc1, size, random.nextInt(8), register());
                asm.byte1(random.nextInt(256));
            }
            // PUSH, POP, BSWAP, byte operations.
            default -> {
                asm.opWithRegister(random.nextBoolean() ? 0x50 : 0x58, 4, false, register());
                asm.opWithRegister(Assembler.MAP_0F | 0xc8, Math.max(size, 4), false, register());
                asm.op(one(ONE_BYTE) & ~1, 4, 3, register(), register());
            }
        }
    }

    private int one(int[] opcodes) {
        return opcodes[random.nextInt(opcodes.length)];
    }

    /// R12 to R15 mostly; neither the stack pointer nor what memory is addressed by.
    private int register() {
        int reg = random.nextInt(4) != 0 ? 12 + random.nextInt(4) : random.nextInt(16);
        return reg == RSP || reg == RSI || reg == RDI ? 12 : reg;
    }
}
