// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import org.javisor.isa.OpcodeRow;
import org.javisor.isa.OperandSpec;

/// Writes instructions of a row with random operands: every form that is emitted as itself.
final class RandomForms {
    /// Where ModRM.rm leads: a register, memory by registers that the host has, or by others.
    static final int PLACES = 3;
    private static final int RSP = 4, RSI = 6, RDI = 7, R13 = 13;

    private final Assembler asm;
    private final Random random;

    RandomForms(Assembler asm, Random random) {
        this.asm = asm;
        this.random = random;
    }

    /// Whether instructions of a row are emitted as themselves, and here.
    static boolean covers(OpcodeRow row) {
        return Effect.of(row.mnemonic()) != Effect.UNSUPPORTED && !row.has(OpcodeRow.Attribute.NOT_64)
                && row.map() != OpcodeRow.X87 && row.extension() <= 7
                && row.operands().stream().noneMatch(RandomForms::unusual);
    }

    /// Operand sizes that make a difference, in bytes.
    static int[] sizes(OpcodeRow row) {
        return row.isVex() ? new int[] {4, 8} : new int[] {2, 4, 8};
    }

    /// MMX, segment registers and the like, which the tests of the interpreter cover.
    private static boolean unusual(OperandSpec spec) {
        return switch (spec.place()) {
            case REG, RM, REG_XMM, RM_XMM, XMM0, VEX, VEX_VECTOR, IMM_VECTOR, OPCODE, ACCUMULATOR, COUNTER,
                    IMM_BYTE, IMM_BYTE_SIGNED, IMM_WORD,
                    IMM_OPERAND, IMM_FULL, ONE -> false;
            default -> true;
        };
    }

    /// @param place below [#PLACES]
    void emit(OpcodeRow row, int size, int place) {
        if (row.isVex()) {
            emitVex(row, size, place);
        } else {
            emitLegacy(row, size, place);
        }
    }

    /// Neither the stack pointer nor what memory is addressed by.
    int anyRegister() {
        int reg = random.nextInt(16);
        return reg == RSP || reg == RSI || reg == RDI || reg == R13 ? 15 : reg;
    }

    private void emitLegacy(OpcodeRow row, int size, int place) {
        int opcode = row.mandatoryPrefix() << 16 | row.map() << 8 | row.opcode();
        int reg = row.extension() >= 0 ? row.extension() : anyRegister();
        boolean memoryAllowed = row.operands().stream().anyMatch(OperandSpec::canBeMemory)
                && !row.has(OpcodeRow.Attribute.REGISTER_ONLY) && !row.mnemonic().name().startsWith("BT");
        boolean memoryOnly = row.has(OpcodeRow.Attribute.MEMORY_ONLY)
                || row.operands().stream().anyMatch(s -> s.name().startsWith("M"));
        int effective = size == 2 && row.operands().stream().noneMatch(OperandSpec::hasOperandSize) ? 4 : size;
        if (row.operands().stream().anyMatch(s -> s.place() == OperandSpec.Place.OPCODE)) {
            asm.opWithRegister(opcode & ~7, effective, true, anyRegister());
        } else if (row.extension() < 0 && row.operands().stream().noneMatch(OperandSpec::usesModrm)) {
            asm.plain(opcode, effective);
        } else if (memoryOnly || memoryAllowed && place > 0) {
            asm.op(opcode, effective, 3, reg, address(place));
        } else {
            asm.op(opcode, effective, 3, reg, anyRegister());
        }
        immediates(row, effective);
    }

    private void emitVex(OpcodeRow row, int size, int place) {
        List<OperandSpec> operands = row.operands();
        int opcode = row.mandatoryPrefix() << 16 | row.map() - OpcodeRow.VEX_0F + 1 << 8 | row.opcode();
        boolean wide = row.has(OpcodeRow.Attribute.VEX_W1) || !row.has(OpcodeRow.Attribute.VEX_W0) && size == 8;
        boolean longer = row.has(OpcodeRow.Attribute.VEX_L1)
                || !row.has(OpcodeRow.Attribute.VEX_L0) && random.nextBoolean();
        int bits = (wide ? Assembler.VEX_W : 0) | (longer ? Assembler.VEX_L : 0);
        int reg = row.extension() >= 0 ? row.extension()
                : operand(operands, s -> s.place() == OperandSpec.Place.REG_XMM);
        int second = operands.stream().anyMatch(OperandSpec::usesVvvv)
                ? operand(operands, s -> s.place() == OperandSpec.Place.VEX_VECTOR) : 0;
        boolean memoryOnly = row.has(OpcodeRow.Attribute.MEMORY_ONLY);
        boolean memoryAllowed = operands.stream().anyMatch(OperandSpec::canBeMemory)
                && !row.has(OpcodeRow.Attribute.REGISTER_ONLY);
        if (operands.isEmpty()) {
            asm.vexPlain(opcode, bits);
        } else if (memoryOnly || memoryAllowed && place > 0) {
            Address address = address(place);
            asm.vex(opcode, bits, reg, second, row.has(OpcodeRow.Attribute.ALIGNED) ? address
                    : address.plus(random.nextInt(32)));
        } else {
            asm.vex(opcode, bits, reg, second, operand(operands, s -> s.place() == OperandSpec.Place.RM_XMM));
        }
        immediates(row, 4);
        if (operands.stream().anyMatch(OperandSpec::isImmediateRegister)) {
            asm.immediate(random.nextInt(), 1);
        }
    }

    /// A vector register, if that is what is asked for, or a general one.
    private int operand(List<OperandSpec> operands, Predicate<OperandSpec> isVector) {
        return operands.stream().anyMatch(isVector) ? random.nextInt(16) : anyRegister();
    }

    /// Aligned to 32 bytes, so that no instruction faults; now and then at the end of a page, where the
    /// interpreter has to do it.
    private Address address(int place) {
        int displacement = 32 * (random.nextInt(8) - 4);
        return place == 2 ? new Address(R13, Address.NONE, 0, displacement)
                : random.nextBoolean() ? new Address(RSI, RDI, random.nextInt(4), displacement)
                : Address.of(RSI, displacement);
    }

    private void immediates(OpcodeRow row, int size) {
        for (OperandSpec spec : row.operands()) {
            asm.immediate(random.nextInt(), switch (spec.place()) {
                case IMM_BYTE, IMM_BYTE_SIGNED -> 1;
                case IMM_WORD -> 2;
                case IMM_OPERAND -> Math.min(size, 4);
                case IMM_FULL -> spec == OperandSpec.Ib ? 1 : size;
                default -> 0;
            });
        }
    }
}
