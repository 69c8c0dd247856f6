// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.CpuRegisters;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeMaps;
import org.javisor.isa.OpcodeRow;
import org.javisor.isa.OpcodeRow.Attribute;
import org.javisor.isa.OperandSpec;
import org.junit.jupiter.api.Test;

/// Every form of every x87 and MMX instruction, with random registers, control, status and tag words, in lock-step with
/// the interpreter: alone, and several in a row.
class X87InstructionsTest {
    private static final long CODE = 0x10_0000, IMAGE = 0x20_0000, DATA = 0x21_0000, STACK = 0x30_0000;
    private static final int RAX = 0, RBX = 3, RSP = 4, RSI = 6, RDI = 7, R13 = 13;
    private static final int HLT = 0xf4;
    private static final int EXECUTIONS = 16;
    private static final int FLAGS = 0x8d5;
    /// In FRSTOR's image.
    private static final int FCW = 0, FSW = 4, FTW = 8, REGISTERS = 28;
    private static final long[] SIGNIFICANDS = {
        0, 1, -1, Long.MIN_VALUE, Long.MIN_VALUE + 1, Long.MAX_VALUE, 0xc000_0000_0000_0000L, 0xa000_0000_0000_0000L,
        0xffff_ff80_0000_0000L, 0xffff_ffff_ffff_fc00L};
    private static final int[] EXPONENTS = {0, 1, 0x7fff, 0x7ffe, 0x3fff, 0x3ffe, 0x4000, 0x403e, 0x3f81, 0x3c01,
        0x43fe};

    private final long seed = Long.getLong("javisor.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final Assembler asm = new Assembler();

    private static List<OpcodeRow> rows() {
        return OpcodeMaps.rows().stream().filter(row -> row.map() == OpcodeRow.X87 || row.mnemonic() == Mnemonic.EMMS
                || row.operands().stream().anyMatch(OperandSpec::isMmx)).toList();
    }

    /// Left to the interpreter; or C1 may differ after it, which the next instruction could show.
    private static boolean isUnusual(OpcodeRow row) {
        return switch (row.mnemonic()) {
            case FLDENV, FNSTENV, FRSTOR, FNSAVE, FSTPNCE, MASKMOVQ -> true;
            default -> false;
        };
    }

    @Test
    void eachFormDoesWhatTheInterpreterDoes() {
        BlockTranslator translator = new HostTranslatorProvider().create(32 << 20);
        assumeTrue(translator != null, "this host runs no translated code");
        System.out.println("x87: seed " + seed + " (repeat with -Djavisor.seed=" + seed + ")");
        List<String> failures = new ArrayList<>();
        int forms = 0;
        try (BareProcessor guest = new BareProcessor(translator, true)) {
            guest.group().translateAt(2);
            for (OpcodeRow row : rows()) {
                if (isUnusual(row)) {
                    continue;
                }
                for (int place = 0; place < 3; place++) {
                    forms++;
                    asm.reset();
                    emit(row, place);
                    long before = translator.bytes();
                    String failure = run(guest);
                    // CVTPI2PS with memory is left to the interpreter.
                    assertTrue(translator.bytes() > before || row.mnemonic() == Mnemonic.CVTPI2PS,
                            () -> row.mnemonic() + " is not translated");
                    if (failure != null) {
                        failures.add(row.mnemonic() + " " + row.operands() + ": " + failure);
                    }
                }
            }
        }
        assertTrue(forms > 300, forms + " forms");
        assertTrue(failures.isEmpty(), () -> failures.size() + " fail:\n" + String.join("\n", failures));
    }

    @Test
    void instructionsInARowDoWhatTheInterpreterDoes() {
        BlockTranslator translator = new HostTranslatorProvider().create(32 << 20);
        assumeTrue(translator != null, "this host runs no translated code");
        System.out.println("x87: seed " + seed + " (repeat with -Djavisor.seed=" + seed + ")");
        List<OpcodeRow> rows = rows().stream().filter(row -> !isUnusual(row)).toList();
        List<String> failures = new ArrayList<>();
        try (BareProcessor guest = new BareProcessor(translator, true)) {
            guest.group().translateAt(2);
            for (int round = 0; round < 100; round++) {
                asm.reset();
                boolean comparesToFlags = false;
                for (int n = 0; n < 12; n++) {
                    OpcodeRow row = rows.get(random.nextInt(rows.size()));
                    // C1 after a comparison to RFLAGS is not the same on all processors.
                    boolean shows = row.mnemonic() == Mnemonic.FNSTSW;
                    if (!(shows && comparesToFlags)) {
                        comparesToFlags |= row.mnemonic().name().matches("FU?COMIP?");
                        emit(row, random.nextInt(3));
                    }
                    if (random.nextInt(4) == 0) {
                        asm.op(random.nextBoolean() ? Assembler.ADD : Assembler.CMP, 8, RAX, RBX);
                    }
                }
                String failure = run(guest);
                if (failure != null) {
                    failures.add(failure);
                }
            }
        }
        assertTrue(translator.bytes() > 100 * 300, "only " + translator.bytes() + " bytes of host code");
        assertTrue(failures.isEmpty(), () -> failures.size() + " fail:\n" + String.join("\n", failures));
    }

    /// @param place where a memory operand is: addressed by registers that the host has, or by others
    private void emit(OpcodeRow row, int place) {
        if (row.map() != OpcodeRow.X87) {
            emitMmx(row, place);
        } else if (row.has(Attribute.MEMORY_ONLY)) {
            int displacement = 8 * (random.nextInt(32) - 16);
            asm.op(row.opcode(), 4, row.extension(), place == 2 ? Address.of(R13, displacement)
                    : place == 1 ? new Address(RSI, RDI, random.nextInt(4), displacement)
                    : Address.of(RSI, displacement));
        } else if (row.extension() >= 0xc0) {
            asm.bytes(row.opcode(), row.extension());
        } else {
            asm.bytes(row.opcode(), 0xc0 | row.extension() << 3 | random.nextInt(8));
        }
    }

    private void emitMmx(OpcodeRow row, int place) {
        int opcode = row.mandatoryPrefix() << 16 | row.map() << 8 | row.opcode();
        // Of general registers those that nothing is addressed by.
        boolean general = row.operands().stream().anyMatch(s -> s.place() == OperandSpec.Place.REG);
        int reg = row.extension() >= 0 ? row.extension() : random.nextInt(general ? 3 : 8);
        boolean memory = row.has(Attribute.MEMORY_ONLY) || place > 0 && !row.has(Attribute.REGISTER_ONLY)
                && row.operands().stream().anyMatch(OperandSpec::canBeMemory);
        if (row.operands().isEmpty()) {
            asm.plain(opcode, 4);
        } else if (memory) {
            int displacement = 16 * (random.nextInt(16) - 8);
            asm.op(opcode, 4, reg, place == 2 ? Address.of(R13, displacement)
                    : Address.of(RSI, displacement));
        } else {
            asm.op(opcode, 4, reg, random.nextInt(3));
        }
        if (row.operands().contains(OperandSpec.Ib)) {
            asm.byte1(random.nextInt(256));
        }
    }

    /// Runs what was emitted behind an FRSTOR.
    private String run(BareProcessor guest) {
        byte[] test = asm.bytes();
        asm.reset();
        asm.op(0xdd, 4, 4, Address.of(RBX, 0));
        asm.bytes(0xeb, 0);
        asm.bytes(unsigned(test));
        asm.byte1(HLT);
        guest.memory().store(CODE, asm.bytes());
        // That once, so that pages are in the TLB.
        guest.start(CODE);
        for (int n = 0; n < EXECUTIONS; n++) {
            prepare(guest);
            int exit = guest.cpu.run();
            if (exit != CpuExit.HALT) {
                return CpuExit.name(exit) + " " + guest.cpu.failure();
            }
        }
        return null;
    }

    private static int[] unsigned(byte[] bytes) {
        int[] values = new int[bytes.length];
        for (int n = 0; n < bytes.length; n++) {
            values[n] = bytes[n] & 0xff;
        }
        return values;
    }

    private void prepare(BareProcessor guest) {
        CpuRegisters registers = new CpuRegisters(guest.cpu);
        registers.rip(CODE);
        for (int reg = 0; reg < 16; reg++) {
            registers.general(reg, random.nextLong());
        }
        registers.general(RBX, IMAGE);
        registers.general(RSI, DATA + 0x1000 + 16 * random.nextInt(64));
        registers.general(RDI, 8 * random.nextInt(64));
        registers.general(R13, DATA + 0x3000 + 16 * random.nextInt(256));
        registers.general(RSP, STACK);
        registers.rflags(2 | random.nextInt() & FLAGS);
        for (int reg = 0; reg < 8; reg++) {
            for (int quarter = 0; quarter < 2; quarter++) {
                registers.vector(reg, quarter, random.nextBoolean() ? random.nextLong() : single() << 32 | single());
            }
        }
        prepareImage(guest);
        for (int n = 0; n < 300; n++) {
            long at = DATA + 16 * random.nextInt(0x400);
            guest.memory().storeLong(at, significand());
            guest.memory().storeLong(at + 8, random.nextInt(3) == 0 ? random.nextLong() : exponent());
        }
    }

    private void prepareImage(BareProcessor guest) {
        int precision = new int[] {0, 2, 3}[random.nextInt(3)];
        guest.memory().storeInt(IMAGE + FCW, 0x7f | precision << 8 | random.nextInt(4) << 10 | random.nextInt(2) << 12);
        guest.memory().storeInt(IMAGE + FSW, random.nextInt(0x10000) & 0x7f7f);
        int tags = 0;
        for (int n = 0; n < 8; n++) {
            tags |= random.nextInt(3) == 0 ? 3 << 2 * n : 0;
            guest.memory().storeLong(IMAGE + REGISTERS + 10 * n, significand());
            guest.memory().storeShort(IMAGE + REGISTERS + 10 * n + 8, (short) exponent());
        }
        guest.memory().storeInt(IMAGE + FTW, random.nextInt(4) == 0 ? 0 : random.nextInt(4) == 0 ? 0xffff : tags);
    }

    private long significand() {
        return random.nextBoolean() ? random.nextLong() | Long.MIN_VALUE
                : SIGNIFICANDS[random.nextInt(SIGNIFICANDS.length)];
    }

    /// The bits of a number that can be converted to an integer.
    private long single() {
        return Float.floatToIntBits(random.nextFloat() * 100_000) & 0xffff_ffffL;
    }

    private int exponent() {
        int exponent = random.nextInt(3) == 0 ? EXPONENTS[random.nextInt(EXPONENTS.length)]
                : 0x3fff + random.nextInt(140) - 70;
        return random.nextBoolean() ? exponent | 0x8000 : exponent;
    }
}
