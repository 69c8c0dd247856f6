// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.translator.Assembler.R14;

import org.javisor.cpu.CpuLayout;
import org.javisor.isa.Instruction;

/// How to have the host's flags be those of a guest instruction once more, from operands that are still there: a
/// comparison is repeated, an addition is undone and done again in a scratch register.
///
/// @param left  the first operand of a comparison, or the result of anything else
/// @param right null where there is none
/// @param carry of an instruction that keeps CF: where CF comes from. Else null
record FlagRecipe(Kind kind, int size, Operand left, Operand right, FlagRecipe carry) {
    /// What was done, of the given size.
    enum Kind {
        COMPARE, TEST, ADD, SUBTRACT, NEGATE, INCREMENT, DECREMENT, SHIFT_LEFT, SHIFT_RIGHT, SHIFT_ARITHMETIC,
        /// Nothing but CF, which is where [FlagState] saves flags.
        CARRY_IN_MEMORY
    }

    /// Where an operand is.
    enum Place { REGISTER, SLOT, IMMEDIATE }

    /// @param value number of the guest register, of the slot, or the immediate
    record Operand(Place place, int value) {
        boolean inMemory() {
            return place == Place.SLOT || place == Place.REGISTER && !State.inRegister(value);
        }

        Address address() {
            return place == Place.SLOT ? slot(value) : State.general(value);
        }

        private Operand moved(int reg, int slot) {
            return place == Place.REGISTER && value == reg ? new Operand(Place.SLOT, slot) : this;
        }
    }

    static final FlagRecipe CARRY_IN_MEMORY = new FlagRecipe(Kind.CARRY_IN_MEMORY, 0, null, null, null);
    private static final int GROUP_ADD = 0, GROUP_SUB = 5, GROUP_CMP = 7;
    private static final int BT_IMM = Assembler.MAP_0F | 0xba, BT_EXTENSION = 4;
    private static final int INC_EXTENSION = 0, DEC_EXTENSION = 1, NEG_EXTENSION = 3;
    private static final Address CARRY = State.at(CpuLayout.FLAGS_RAW + 1);

    /// The recipe for what `insn` has done, or null if it cannot be repeated.
    ///
    /// @param carry for INC and DEC: where CF comes from, or null if that is not known
    static FlagRecipe of(Instruction insn, FlagRecipe carry) {
        Operand left = insn.kind0 == GPR && insn.reg0 < 16 ? new Operand(Place.REGISTER, insn.reg0) : null;
        if (left == null) {
            return null;
        }
        Operand right = right(insn);
        int size = insn.bytes0;
        return switch (insn.mnemonic()) {
            case CMP -> right == null ? null : new FlagRecipe(Kind.COMPARE, size, left, right, null);
            case TEST -> right == null ? null : new FlagRecipe(Kind.TEST, size, left, right, null);
            // The result is all that matters.
            case AND, OR, XOR -> new FlagRecipe(Kind.TEST, size, left, left, null);
            case SUB -> right == null ? null
                    : new FlagRecipe(right.equals(left) ? Kind.COMPARE : Kind.SUBTRACT, size, left, right, null);
            case ADD -> right == null || right.equals(left) ? null : new FlagRecipe(Kind.ADD, size, left, right, null);
            case NEG -> new FlagRecipe(Kind.NEGATE, size, left, null, null);
            case INC -> carry == null ? null : new FlagRecipe(Kind.INCREMENT, size, left, null, carry);
            case DEC -> carry == null ? null : new FlagRecipe(Kind.DECREMENT, size, left, null, carry);
            default -> null;
        };
    }

    // ---- operands that are kept in the first slot ----

    private static final Operand KEPT = new Operand(Place.SLOT, 0);

    /// Stores what `reg`, a guest register, has before it changes. Uses R14.
    static void keep(Assembler asm, int reg) {
        int from = R14;
        if (State.inRegister(reg)) {
            from = State.host(reg);
        } else {
            asm.load(R14, State.general(reg));
        }
        keepHost(asm, from);
    }

    /// Stores what a host register has.
    static void keepHost(Assembler asm, int from) {
        asm.store(KEPT.address(), from);
    }

    /// Whether it is a shift of a register by a constant.
    static boolean isShift(Instruction insn) {
        return switch (insn.mnemonic()) {
            case SHL, SHR, SAR -> insn.kind0 == GPR && insn.reg0 < 16 && Effect.of(insn) == Effect.WRITES;
            default -> false;
        };
    }

    /// The recipe for such a shift, the operand of which was kept.
    static FlagRecipe ofShift(Instruction insn) {
        Kind kind = switch (insn.mnemonic()) {
            case SHL -> Kind.SHIFT_LEFT;
            case SHR -> Kind.SHIFT_RIGHT;
            default -> Kind.SHIFT_ARITHMETIC;
        };
        int count = insn.kind1 == IMM ? (int) insn.immediate & 0x3f : 1;
        return new FlagRecipe(kind, insn.bytes0, KEPT, new Operand(Place.IMMEDIATE, count), null);
    }

    /// The recipe for CMP, TEST, ADD or SUB, one operand of which was in memory and is kept.
    static FlagRecipe ofKept(Instruction insn) {
        boolean first = insn.kind0 == Instruction.MEM;
        Operand left = first ? KEPT : new Operand(Place.REGISTER, insn.reg0);
        Operand right = first ? right(insn) : KEPT;
        Kind kind = switch (insn.mnemonic()) {
            case CMP -> Kind.COMPARE;
            case TEST -> Kind.TEST;
            case ADD -> Kind.ADD;
            default -> Kind.SUBTRACT;
        };
        return new FlagRecipe(kind, insn.bytes0, left, right, null);
    }

    static Operand right(Instruction insn) {
        if (insn.kind1 == GPR && insn.reg1 < 16) {
            return new Operand(Place.REGISTER, insn.reg1);
        }
        return insn.kind1 == IMM && (int) insn.immediate == insn.immediate
                ? new Operand(Place.IMMEDIATE, (int) insn.immediate) : null;
    }

    private static Address slot(int slot) {
        return State.at(CpuLayout.FLAG_OPERANDS + 8 * slot);
    }

    /// What CF alone comes from.
    FlagRecipe carryPart() {
        return carry == null ? this : carry;
    }

    // ---- what it depends on ----

    /// The guest registers that it needs, as bits.
    int registers() {
        return bit(left, Place.REGISTER) | bit(right, Place.REGISTER) | (carry == null ? 0 : carry.registers());
    }

    private int slots() {
        return bit(left, Place.SLOT) | bit(right, Place.SLOT) | (carry == null ? 0 : carry.slots());
    }

    private static int bit(Operand operand, Place place) {
        return operand == null || operand.place != place ? 0 : 1 << operand.value;
    }

    int freeSlot() {
        return Integer.numberOfTrailingZeros(~slots());
    }

    /// The same after guest register `reg` has been stored in a slot. Changes no flags; uses R14.
    FlagRecipe move(Assembler asm, int reg, int slot) {
        int from = Assembler.R14;
        if (State.inRegister(reg)) {
            from = State.host(reg);
        } else {
            asm.load(from, State.general(reg));
        }
        asm.store(slot(slot), from);
        return moved(reg, slot);
    }

    private FlagRecipe moved(int reg, int slot) {
        return new FlagRecipe(kind, size, left == null ? null : left.moved(reg, slot),
                right == null ? null : right.moved(reg, slot), carry == null ? null : carry.moved(reg, slot));
    }

    // ---- emission ----

    /// Emits it. Uses R14.
    void emit(Assembler asm) {
        switch (kind) {
            case COMPARE -> compare(asm);
            case TEST -> test(asm);
            case ADD -> {
                loadLeft(asm);
                operate(asm, GROUP_SUB, R14, right);
                operate(asm, GROUP_ADD, R14, right);
            }
            case SUBTRACT -> {
                loadLeft(asm);
                operate(asm, GROUP_ADD, R14, right);
                operate(asm, GROUP_CMP, R14, right);
            }
            case NEGATE -> {
                loadLeft(asm);
                asm.op(wide(0xf6), size, NEG_EXTENSION, R14);
                asm.op(wide(0xf6), size, NEG_EXTENSION, R14);
            }
            case SHIFT_LEFT -> shift(asm, Assembler.SHL_IMM);
            case SHIFT_RIGHT -> shift(asm, Assembler.SHR_IMM);
            case SHIFT_ARITHMETIC -> shift(asm, Assembler.SAR_IMM);
            case INCREMENT -> step(asm, -1, INC_EXTENSION);
            case DECREMENT -> step(asm, 1, DEC_EXTENSION);
            case CARRY_IN_MEMORY -> {
                asm.op(BT_IMM, 4, BT_EXTENSION, CARRY);
                asm.byte1(0);
            }
        }
    }

    private void shift(Assembler asm, int extension) {
        loadLeft(asm);
        asm.op(wide(0xc0), size, extension, R14);
        asm.byte1(right.value);
    }

    private void step(Assembler asm, int undone, int extension) {
        carry.emit(asm);
        loadLeft(asm);
        asm.lea(R14, Address.of(R14, undone));
        asm.op(wide(0xfe), size, extension, R14);
    }

    /// The opcode for the size, of those whose lowest bit says whether it is a byte.
    private int wide(int opcode) {
        return size == 1 ? opcode : opcode | 1;
    }

    private void loadLeft(Assembler asm) {
        load(asm, left);
    }

    private static void load(Assembler asm, Operand operand) {
        if (operand.inMemory()) {
            asm.load(R14, operand.address());
        } else {
            asm.move(R14, State.host(operand.value));
        }
    }

    private void compare(Assembler asm) {
        if (!left.inMemory()) {
            operate(asm, GROUP_CMP, State.host(left.value), right);
        } else if (right.inMemory()) {
            loadLeft(asm);
            operate(asm, GROUP_CMP, R14, right);
        } else if (right.place == Place.IMMEDIATE) {
            asm.op(immediateOpcode(), size, GROUP_CMP, left.address());
            immediate(asm);
        } else {
            asm.op(wide(GROUP_CMP << 3), size, Assembler.NARROW_REG * narrow(), State.host(right.value),
                    left.address());
        }
    }

    private void test(Assembler asm) {
        if (right.place == Place.IMMEDIATE) {
            if (left.inMemory()) {
                asm.op(wide(0xf6), size, 0, left.address());
            } else {
                asm.op(wide(0xf6), size, Assembler.NARROW_RM * narrow(), 0, State.host(left.value));
            }
            asm.immediate(right.value, Math.min(size, 4));
            return;
        }
        if (left.inMemory()) {
            loadLeft(asm);
        }
        int reg = left.inMemory() ? R14 : State.host(left.value);
        if (right.inMemory()) {
            asm.op(wide(0x84), size, Assembler.NARROW_REG * narrow(), reg, right.address());
        } else {
            asm.op(wide(0x84), size, (Assembler.NARROW_REG | Assembler.NARROW_RM) * narrow(), reg,
                    State.host(right.value));
        }
    }

    /// An operation of group 81 on a host register.
    private void operate(Assembler asm, int group, int reg, Operand operand) {
        if (operand.place == Place.IMMEDIATE) {
            asm.op(immediateOpcode(), size, Assembler.NARROW_RM * narrow(), group, reg);
            immediate(asm);
        } else if (operand.inMemory()) {
            asm.op(wide(group << 3 | 2), size, Assembler.NARROW_REG * narrow(), reg, operand.address());
        } else {
            asm.op(wide(group << 3), size, (Assembler.NARROW_REG | Assembler.NARROW_RM) * narrow(),
                    State.host(operand.value), reg);
        }
    }

    private int narrow() {
        return size == 1 ? 1 : 0;
    }

    private int immediateOpcode() {
        return size == 1 ? 0x80 : isByte() ? 0x83 : 0x81;
    }

    private boolean isByte() {
        return (byte) right.value == right.value;
    }

    private void immediate(Assembler asm) {
        asm.immediate(right.value, size == 1 || isByte() ? 1 : Math.min(size, 4));
    }
}
