// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.CpuRegisters;
import org.javisor.isa.OpcodeMaps;
import org.javisor.isa.OpcodeRow;
import org.junit.jupiter.api.Test;

/// Every form of every instruction that is emitted as itself, among others and with random operands, in lock-step with
/// the interpreter.
class InstructionsTest {
    private static final long CODE = 0x10_0000, DATA = 0x20_0000, STACK = 0x30_0000;
    private static final int RSP = 4, RSI = 6, RDI = 7, R13 = 13;
    private static final int HLT = 0xf4;
    /// Enough for a block to be translated and then executed a few times.
    private static final int EXECUTIONS = 66;
    private static final int FLAGS = 0x8d5;
    /// Of MXCSR: all exceptions masked; and rounding, denormals as zeros, underflow to zero.
    private static final int MASKED = 0x1f80, MODES = 0xe040;
    /// Zeros, denormals, infinities, quiet and signalling NaNs; the same as upper halves of doubles, nearly.
    private static final int[] SPECIAL = {0, 0x8000_0000, 1, 0x8000_0001, 0x7f80_0000, 0xff80_0000, 0x7fc0_0001,
        0x7f80_0001, 0x7ff0_0000, 0xfff0_0000, 0x7ff8_0000, 0x0008_0000, 0x4f00_0000, 0x41e0_0000};

    private final long seed = Long.getLong("javisor.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final Assembler asm = new Assembler();
    private final RandomForms forms = new RandomForms(asm, random);
    private final HostFeatures host = host();

    HostFeatures host() {
        return new HostFeatures();
    }

    @Test
    void translatedInstructionsDoWhatInterpretedOnesDo() {
        BlockTranslator translator = new HostTranslatorProvider(host).create(32 << 20);
        assumeTrue(translator != null, "this host runs no translated code");
        System.out.println("translator: seed " + seed + " (repeat with -Djavisor.seed=" + seed + ")");
        List<String> failures = new ArrayList<>();
        int count = 0;
        try (BareProcessor guest = new BareProcessor(translator, true)) {
            guest.enableAvx();
            for (OpcodeRow row : OpcodeMaps.rows()) {
                if (!RandomForms.covers(row)) {
                    continue;
                }
                long before = translator.bytes();
                for (int size : RandomForms.sizes(row)) {
                    for (int place = 0; place < RandomForms.PLACES; place++) {
                        count++;
                        String failure = run(guest, row, size, place);
                        if (failure != null) {
                            failures.add(row.mnemonic() + " " + row.operands() + " " + size + ": " + failure);
                        }
                    }
                }
                if (host.has(row.feature()) && translator.bytes() == before) {
                    failures.add(row.mnemonic() + " " + row.operands() + " is not translated");
                }
            }
        }
        assertTrue(count > 1000, count + " forms");
        assertTrue(translator.bytes() > count * 50L, "only " + translator.bytes() + " bytes of host code");
        assertTrue(failures.isEmpty(), () -> failures.size() + " fail:\n" + String.join("\n", failures));
    }

    /// @param place where ModRM.rm leads: a register, memory by registers that the host has, or by others
    private String run(BareProcessor guest, OpcodeRow row, int size, int place) {
        asm.reset();
        // So that with registers alone only the instruction itself can have been translated.
        int before = place == 0 ? 0 : random.nextInt(3);
        for (int n = 0; n < before; n++) {
            emitFlagSetter();
        }
        forms.emit(row, size, place);
        if (row.undefinedFlags() == 0 && random.nextBoolean()) {
            // SETcc to DH: flags that are read in the block.
            asm.op(Assembler.MAP_0F | 0x90 | random.nextInt(16), 4, 0, 18);
        }
        asm.byte1(HLT);
        byte[] code = asm.bytes();
        guest.memory().store(CODE, code);
        for (int n = 0; n < EXECUTIONS; n++) {
            start(guest);
            int exit = guest.cpu.run();
            if (exit != CpuExit.HALT) {
                return HexFormat.of().formatHex(code) + " " + CpuExit.name(exit) + " " + guest.cpu.failure();
            }
        }
        return null;
    }

    private void emitFlagSetter() {
        asm.op(random.nextBoolean() ? Assembler.ADD : Assembler.CMP, 1 << 1 + random.nextInt(3),
                forms.anyRegister(), forms.anyRegister());
    }

    /// Random bits, or numbers that floating-point instructions find something to do with.
    private long operand() {
        return switch (random.nextInt(6)) {
            case 0 -> Double.doubleToRawLongBits(random.nextInt(2001) - 1000);
            case 1 -> pair(Float.floatToRawIntBits(random.nextInt(2001) - 1000),
                    Float.floatToRawIntBits(random.nextFloat()));
            case 2 -> Double.doubleToRawLongBits(random.nextGaussian());
            case 3 -> pair(SPECIAL[random.nextInt(SPECIAL.length)], SPECIAL[random.nextInt(SPECIAL.length)]);
            case 4 -> (long) SPECIAL[random.nextInt(SPECIAL.length)] << 32;
            default -> random.nextLong();
        };
    }

    private static long pair(int low, int high) {
        return low & 0xffff_ffffL | (long) high << 32;
    }

    private void start(BareProcessor guest) {
        guest.start(CODE);
        CpuRegisters registers = new CpuRegisters(guest.cpu);
        for (int reg = 0; reg < 16; reg++) {
            registers.general(reg, random.nextInt(3) == 0 ? random.nextInt(5) - 2 : random.nextLong());
        }
        registers.general(RSI, DATA + 0x1000 + 32 * random.nextInt(32));
        registers.general(RDI, 32 * random.nextInt(32));
        registers.general(R13, DATA + 0x3000 + 32 * random.nextInt(128));
        registers.general(RSP, STACK);
        registers.rflags(2 | random.nextInt() & FLAGS);
        for (int reg = 0; reg < 16; reg++) {
            for (int quarter = 0; quarter < 4; quarter++) {
                registers.vector(reg, quarter, operand());
            }
        }
        registers.mxcsr(MASKED | random.nextInt() & MODES);
        for (int at = 0; at < 0x40; at += 8) {
            guest.memory().storeLong(DATA + 0x1000 + 64 * random.nextInt(256) + at, operand());
        }
    }
}
