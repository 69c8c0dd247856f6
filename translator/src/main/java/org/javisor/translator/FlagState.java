// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import org.javisor.cpu.CpuLayout;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;

/// Where the guest's arithmetic flags are while code is written: in the host's flags, in memory (FLAGS_RAW), or nowhere
/// but in a [FlagRecipe]; or in several of these at once. Where nobody needs them any more they are in none.
///
/// They go to memory only where they cannot be had again: mostly in exits, behind the code that is executed often.
final class FlagState {
    /// LAHF's flags are in the second byte: CF, PF, AF, ZF, SF as in RFLAGS. The first is OF.
    private static final Address RAW = State.at(CpuLayout.FLAGS_RAW), LOW = State.at(CpuLayout.FLAGS_RAW + 1);
    private static final int SETO = Assembler.MAP_0F | 0x90, MOVZX_WORD = Assembler.MAP_0F | 0xb7;
    private static final int BT_IMM = Assembler.MAP_0F | 0xba, BT_EXTENSION = 4;
    private static final int LAHF = 0x9f, SAHF = 0x9e;

    /// What is known of the flags at a place in the code.
    ///
    /// @param lacksCarry that the host's CF is not the guest's, though the other flags are
    record Snapshot(boolean inHost, boolean lacksCarry, boolean inMemory, FlagRecipe recipe) {
        static final Snapshot MEMORY = new Snapshot(false, false, true, null);
        /// Nobody needs them.
        static final Snapshot DEAD = new Snapshot(false, false, false, null);

        /// Whether they can be had when the host's flags have changed.
        boolean lasts() {
            return inMemory || recipe != null;
        }

        /// The same without the host's flags.
        Snapshot withoutHost() {
            return new Snapshot(false, false, inMemory, recipe);
        }
    }

    private final Assembler asm;
    private boolean inHost;
    private boolean lacksCarry;
    private boolean inMemory = true;
    private FlagRecipe recipe;
    /// Of the INC or DEC that is being emitted: where CF comes from, and whether the host has it.
    private FlagRecipe carry;
    private boolean carryInHost;
    /// Whether somebody needs the flags behind the present instruction.
    private boolean liveBehind = true;
    private boolean mustLast;
    /// The operand of the shift that is being emitted is kept.
    private boolean shifted;

    FlagState(Assembler asm) {
        this.asm = asm;
    }

    Snapshot snapshot() {
        return new Snapshot(inHost, lacksCarry, inMemory, recipe);
    }

    void restore(Snapshot snapshot) {
        inHost = snapshot.inHost;
        lacksCarry = snapshot.lacksCarry;
        inMemory = snapshot.inMemory;
        recipe = snapshot.recipe;
    }

    // ---- around an instruction ----

    /// To be called before `insn`: sees to it that the flags can still be had behind it.
    ///
    /// @param written bits of the guest registers that it changes
    /// @param live    whether somebody needs behind it what it leaves of the flags
    /// @param last    whether that is when the host's are destroyed
    void prepare(Instruction insn, int written, boolean live, boolean last) {
        liveBehind = live;
        mustLast = last;
        shifted = last && FlagRecipe.isShift(insn);
        if (shifted) {
            FlagRecipe.keep(asm, insn.reg0);
        }
        if (recipe == null) {
            return;
        }
        boolean steps = isStep(insn);
        if (!steps && Effect.of(insn).replaces()) {
            // It changes registers only when it does not need the old flags any more.
            return;
        }
        if (inMemory) {
            recipe = (recipe.registers() & written) == 0 ? recipe : null;
            return;
        }
        if (steps) {
            recipe = recipe.carryPart();
        }
        boolean hostLasts = inHost && !lacksCarry && !Liveness.mayExit(insn);
        if (last || live && !hostLasts) {
            preserve(recipe.registers() & written);
        } else if (steps && (recipe.registers() & written) != 0) {
            // The host's CF does, or nobody needs it.
            recipe = null;
            lacksCarry = false;
        }
    }

    /// Stores registers that the recipe needs.
    private void preserve(int registers) {
        for (int reg = 0; reg < 16; reg++) {
            if ((registers & 1 << reg) != 0) {
                recipe = recipe.move(asm, reg, recipe.freeSlot());
            }
        }
    }

    /// To be called behind an instruction: it has changed registers.
    ///
    /// @param written bits of the guest registers
    void written(Instruction insn, int written) {
        if (recipe != null && !Effect.of(insn).replaces() && (recipe.registers() & written) != 0) {
            recipe = null;
        }
    }

    private static boolean isStep(Instruction insn) {
        return (insn.mnemonic() == Mnemonic.INC || insn.mnemonic() == Mnemonic.DEC) && insn.kind0 == Instruction.GPR;
    }

    /// Sees to it that the host has the flags that an instruction needs that is about to be emitted as itself.
    void before(Instruction insn, Effect effect) {
        carry = null;
        switch (effect) {
            case READS -> need();
            case CHANGES -> {
                if (liveBehind || Effect.reads(insn)) {
                    need();
                }
            }
            case WRITES_WITH_CARRY -> beforeCarry(insn);
            default -> { }
        }
    }

    private void beforeCarry(Instruction insn) {
        if (isStep(insn) && insn.reg0 < 16) {
            carry = recipe != null ? recipe.carryPart() : inMemory ? FlagRecipe.CARRY_IN_MEMORY : null;
        }
        if (carry == null) {
            needCarry();
        }
        carryInHost = inHost && !lacksCarry;
    }

    /// The instruction has been emitted.
    void after(Instruction insn, Effect effect) {
        if (effect == Effect.NONE || effect == Effect.READS) {
            return;
        }
        set(shifted ? FlagRecipe.ofShift(insn) : FlagRecipe.of(insn, carry));
        lacksCarry = carry != null && !carryInHost;
    }

    // ---- for who emits code ----

    /// The instruction just emitted has set all flags that it does not preserve.
    void set() {
        inHost = true;
        lacksCarry = false;
        inMemory = false;
        recipe = null;
    }

    /// As [#set], where they can be had again.
    void set(FlagRecipe how) {
        set();
        recipe = how;
    }

    /// Whether the flags of the instruction that is being emitted will be needed when the host's are destroyed.
    boolean mustLast() {
        return mustLast;
    }

    /// Sees to it that memory has them. Uses R14.
    void save() {
        if (inMemory) {
            return;
        }
        need();
        asm.move(Assembler.R14, Assembler.RAX);
        store(asm);
        asm.move(Assembler.RAX, Assembler.R14);
        inMemory = true;
    }

    /// Emits that the host's flags go to memory. Uses RAX.
    static void store(Assembler asm) {
        asm.byte1(LAHF);
        asm.op(SETO, 1, 0, Assembler.RAX);
        asm.op(Assembler.STORE, 2, Assembler.RAX, RAW);
    }

    /// Memory has got new ones.
    void setInMemory() {
        restore(Snapshot.MEMORY);
    }

    /// Emits that the host's flags are saved. Uses R14.
    static void saveOnWayOut(Assembler asm) {
        asm.move(Assembler.R14, Assembler.RAX);
        store(asm);
        asm.move(Assembler.RAX, Assembler.R14);
    }

    /// The host's flags are about to be destroyed.
    void spill() {
        if (inHost && !snapshot().lasts()) {
            save();
        }
        inHost = false;
        lacksCarry = false;
    }

    /// Sees to it that the host has them all. Uses R14.
    void need() {
        if (inHost && !lacksCarry) {
            return;
        }
        if (recipe != null) {
            recipe.emit(asm);
        } else {
            asm.move(Assembler.R14, Assembler.RAX);
            asm.op(MOVZX_WORD, 4, Assembler.RAX, RAW);
            // 127 + 1 overflows.
            asm.bytes(0x04, 0x7f);
            asm.byte1(SAHF);
            asm.move(Assembler.RAX, Assembler.R14);
        }
        inHost = true;
        lacksCarry = false;
    }

    /// Sees to it that the host has CF, if anybody needs it, for an instruction that sets all others. Uses R14.
    void needCarry() {
        boolean dead = !inHost && !inMemory && recipe == null;
        if (dead || inHost && !lacksCarry) {
            return;
        }
        if (recipe != null) {
            recipe.carryPart().emit(asm);
        } else {
            asm.op(BT_IMM, 4, BT_EXTENSION, LOW);
            asm.byte1(0);
        }
        inHost = false;
        lacksCarry = false;
    }

    /// Has the host's flags decide on a condition of the guest's. Uses R14.
    ///
    /// @return the condition for the host
    int condition(int condition) {
        boolean readsCarry = (condition & ~1) == Assembler.BELOW || (condition & ~1) == Assembler.BELOW_OR_EQUAL;
        if (inHost && !(lacksCarry && readsCarry)) {
            return condition;
        }
        int mask = switch (condition & ~1) {
            case Assembler.BELOW -> 0x01;
            case Assembler.EQUAL -> 0x40;
            case Assembler.BELOW_OR_EQUAL -> 0x41;
            case Assembler.SIGN -> 0x80;
            case Assembler.PARITY -> 0x04;
            default -> 0;
        };
        if (recipe != null || mask == 0) {
            need();
            return condition;
        }
        inHost = false;
        asm.testByte(LOW, mask);
        return Assembler.NOT_EQUAL ^ condition & 1;
    }
}
