// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.MEM;
import static org.javisor.isa.Instruction.REL;
import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;

import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuLayout;
import org.javisor.cpu.Translation;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;

/// Jumps, calls and returns with an operand size of 64 bits, or 32 in 32-bit code: the last instruction of a block.
///
/// Where a target is in the same page, and not so near to its end that the instruction may be in two pages, the jump
/// is linked. Others are looked up in the entry cache, and what is not found there is interpreted. Nothing has changed
/// by then, so that the interpreter finds what is wrong with a target.
final class Branches {
    private static final int PAGE_BYTES = 4096;
    private static final Address PAGE_RIP = State.at(CpuLayout.PAGE_RIP);
    private static final Address TARGET = State.at(CpuLayout.SPILL + 8), FOUND = State.at(CpuLayout.SPILL + 16);
    /// What [Assembler#jumpIf] emits.
    private static final int JUMP_IF_BYTES = 6;
    /// Of addresses of 48 bits.
    private static final int UNUSED_BITS = 16;

    private final Emission emission;
    private final Assembler asm;
    private final MemoryAccess memory;
    private final StackInstructions stack;
    private final ReturnStack returns;
    private final Edges edges;

    /// Where a branch within the translation leads.
    interface Edges {
        /// Goes on at an offset in the page, or beyond it, from branch `index`.
        void go(int offset, int index);

        /// Calls what is at an offset in the page, unless that has to be looked up. The flags are in memory.
        ///
        /// @return whether it did
        boolean call(int offset);

        /// Goes on at `taken` if the guest's flags fulfil a condition, else at `other`.
        void jumpIf(int condition, int taken, int other, int index);

        /// As [#jumpIf] with the host's flags; the guest's are in memory.
        void jumpIfHost(int condition, int taken, int other, int index);
    }

    Branches(Emission emission, MemoryAccess memory, StackInstructions stack, Edges edges) {
        this.edges = edges;
        this.emission = emission;
        this.asm = emission.asm;
        this.memory = memory;
        this.stack = stack;
        this.returns = new ReturnStack(emission);
    }

    static boolean supports(Instruction insn) {
        return switch (insn.mnemonic()) {
            case JMP, CALL -> StackInstructions.isWord(insn) && (insn.kind0 == REL && hasTarget(insn)
                    || insn.kind0 == GPR || insn.kind0 == MEM && MemoryAccess.supports(insn));
            case RET -> StackInstructions.isWord(insn);
            case LOOP -> StackInstructions.isWord(insn) && 8 * insn.addressBytes == insn.codeBits && hasTarget(insn);
            default -> StackInstructions.isWord(insn) && condition(insn.mnemonic()) >= 0 && hasTarget(insn);
        };
    }

    /// Whether the target's offset in the page, which may be far beyond it, is an int.
    private static boolean hasTarget(Instruction insn) {
        return insn.immediate <= Integer.MAX_VALUE - PAGE_BYTES;
    }

    /// The condition code of Jcc, or -1.
    private static int condition(Mnemonic mnemonic) {
        int condition = mnemonic.ordinal() - Mnemonic.JO.ordinal();
        return condition <= 15 ? condition : -1;
    }

    /// Whether control may go on behind it.
    static boolean isConditional(Instruction insn) {
        return condition(insn.mnemonic()) >= 0 || insn.mnemonic() == Mnemonic.LOOP;
    }

    /// Whether it asks the flags where to go on.
    static boolean readsFlags(Instruction insn) {
        return condition(insn.mnemonic()) >= 0;
    }

    static boolean isLoop(Instruction insn) {
        return insn.mnemonic() == Mnemonic.LOOP;
    }

    /// Whether it comes back to what is behind it.
    static boolean isCall(Instruction insn) {
        return insn.mnemonic() == Mnemonic.CALL;
    }

    /// Whether it only leads elsewhere, to a target that is known.
    static boolean isDirect(Instruction insn) {
        return isConditional(insn) || insn.mnemonic() == Mnemonic.JMP && insn.kind0 == REL;
    }

    /// Emits the block's last instruction.
    void emit(Instruction insn, int index) {
        switch (insn.mnemonic()) {
            case JMP -> jump(insn, index);
            case CALL -> call(insn, index);
            case RET -> ret(insn, index);
            case LOOP -> loop(insn, index);
            default -> edges.jumpIf(condition(insn.mnemonic()), target(insn, index), emission.translation.end(index),
                    index);
        }
    }

    private void loop(Instruction insn, int index) {
        emission.flags.save();
        emission.flags.setInMemory();
        asm.immediateOp(Assembler.SUB_IMM, emission.word, Assembler.RCX, 1);
        edges.jumpIfHost(Assembler.NOT_EQUAL, target(insn, index), emission.translation.end(index), index);
    }

    private int target(Instruction insn, int index) {
        return target(emission.translation, insn, index);
    }

    /// The offset in the page that a direct branch leads to.
    static int target(Translation translation, Instruction insn, int index) {
        return Math.addExact(translation.end(index), (int) insn.immediate);
    }

    static boolean inPage(int offset) {
        return offset >= 0 && offset < PAGE_BYTES;
    }

    /// Whether a jump to an offset can be linked.
    static boolean isLinkable(int offset) {
        return offset >= 0 && offset <= BlockTranslator.MAX_LINKED;
    }

    private void jump(Instruction insn, int index) {
        if (insn.kind0 == REL) {
            edges.go(target(insn, index), index);
        } else {
            emission.flags.save();
            loadTarget(insn, index);
            lookUpOrFault(index);
            follow();
        }
    }

    /// Branch `index` leads to a target in another page. The flags are in memory.
    void jumpFar(int target, int index) {
        loadFar(target);
        if (isLoop(emission.translation.instruction(index))) {
            find(EntryLookup.ENTRIES);
            Runnable again = lookAgain(EntryLookup.ENTRIES);
            emission.interpretIf(Assembler.NOT_EQUAL, index, () -> {
                again.run();
                // It has counted already.
                asm.op(Assembler.LEA, emission.word, Assembler.RCX, Address.of(Assembler.RCX, 1));
            });
        } else {
            lookUp(index);
        }
        follow();
    }

    /// Goes on in another page behind an instruction that is no branch, or where what follows may be in two pages. The
    /// flags are in memory.
    void goOnFar(int target) {
        loadFar(target);
        find(EntryLookup.ENTRIES);
        emission.targetIf(Assembler.NOT_EQUAL, target, lookAgain(EntryLookup.ENTRIES));
        if (inPage(target)) {
            enter();
        } else {
            follow();
        }
    }

    private void loadFar(int target) {
        emission.flags.spill();
        asm.load(R14, PAGE_RIP);
        asm.immediateOp(Assembler.ADD_IMM, emission.word, R14, target);
    }

    /// The target of an indirect branch into R14.
    private void loadTarget(Instruction insn, int index) {
        emission.flags.spill();
        if (insn.kind0 == MEM) {
            stack.load(R14, memory.access(insn, index, emission.word, false, false));
        } else if (State.inRegister(insn.reg0)) {
            asm.op(Assembler.LOAD, emission.word, R14, State.host(insn.reg0));
        } else {
            asm.load(R14, State.general(insn.reg0));
        }
    }

    /// Finds the entry for R14 in the entry cache; its address in R15.
    private void lookUp(int index) {
        lookUp(EntryLookup.ENTRIES, index);
    }

    /// As above, in the entry cache whose host address `table` holds.
    void lookUp(Address table, int index) {
        find(table);
        emission.interpretIf(Assembler.NOT_EQUAL, index, lookAgain(table));
    }

    /// As [#lookUp], of a target anywhere: for one that cannot be fetched R15 leads to the delivery of the page fault.
    private void lookUpOrFault(int index) {
        if (emission.logged || emission.word != 8) {
            lookUp(index);
            return;
        }
        find(EntryLookup.ENTRIES);
        int back = asm.length() + JUMP_IF_BYTES;
        Runnable again = lookAgain(EntryLookup.ENTRIES);
        emission.interpretIf(Assembler.NOT_EQUAL, index, () -> {
            again.run();
            emission.callWalkToFetch();
            asm.jumpTo(Assembler.EQUAL, back);
        });
    }

    /// As [#lookUp] of the entry for R14, but for canonical addresses of 48 bits that have none: these are put into
    /// RIP, and R15 is 0.
    void lookUpOrReach(Address table, int index) {
        find(table);
        int back = asm.length() + JUMP_IF_BYTES;
        Runnable again = lookAgain(table);
        emission.interpretIf(Assembler.NOT_EQUAL, index, () -> {
            again.run();
            asm.store(State.at(CpuLayout.RIP), R14);
            asm.move(R15, R14);
            asm.shift(Assembler.SHL_IMM, 8, R15, UNUSED_BITS);
            asm.shift(Assembler.SAR_IMM, 8, R15, UNUSED_BITS);
            asm.op(Assembler.CMP, 8, R14, R15);
            asm.storeImmediate(R15, 0);
            asm.jumpTo(Assembler.EQUAL, back);
        });
    }

    /// What an exit begins with that the next jump leads to, for when the first place has something else: looks at the
    /// second one, and comes back if that is the right one.
    private Runnable lookAgain(Address table) {
        int back = asm.length() + JUMP_IF_BYTES;
        return () -> {
            EntryLookup.findSecond(asm, table);
            asm.jumpTo(Assembler.EQUAL, back);
        };
    }

    private void find(Address table) {
        memory.clobbered();
        EntryLookup.find(asm, table);
    }

    /// Goes on at R14, with the entry in R15.
    private void follow() {
        EntryLookup.follow(asm);
    }

    /// Jumps to the code of the entry in R15.
    void enter() {
        EntryLookup.enter(asm);
    }

    private void call(Instruction insn, int index) {
        emission.flags.save();
        if (insn.kind0 == REL) {
            callDirectly(target(insn, index), index);
        } else {
            loadTarget(insn, index);
            lookUpOrFault(index);
            asm.store(TARGET, R14);
            asm.store(FOUND, R15);
            pushReturn(index);
            asm.load(R14, TARGET);
            asm.load(R15, FOUND);
            EntryLookup.call(asm);
        }
        comeBack(index);
    }

    /// A target that is not known is the business of who comes after the call.
    private void callDirectly(int target, int index) {
        pushReturn(index);
        if (inPage(target) && edges.call(target)) {
            return;
        }
        asm.immediateOp(Assembler.ADD_IMM, emission.word, R14, target - emission.translation.end(index));
        find(EntryLookup.ENTRIES);
        emission.calledIf(Assembler.NOT_EQUAL, target, index, lookAgain(EntryLookup.ENTRIES));
        EntryLookup.call(asm);
    }

    /// Leaves the address of the next instruction in R14.
    private void pushReturn(int index) {
        Address item = stack.itemToPush(index);
        asm.load(R14, PAGE_RIP);
        asm.op(Assembler.LEA, emission.word, R14, Address.of(R14, emission.translation.end(index)));
        stack.store(item, R14);
        stack.pushed();
        emission.flags.spill();
        returns.push();
    }

    /// Where callees come back to.
    private void comeBack(int index) {
        int behind = emission.translation.end(index);
        emission.flags.setInMemory();
        memory.forget();
        if (inPage(behind)) {
            returns.comeBack(behind);
            edges.go(behind, index);
        } else {
            returns.comeBackElsewhere();
        }
    }

    private void ret(Instruction insn, int index) {
        int dropped = emission.word + ((int) insn.immediate & 0xffff);
        emission.flags.save();
        stack.load(R14, stack.top(index));
        stack.drop(dropped);
        returns.pop(index, () -> stack.drop(-dropped));
    }
}
