// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.util.ArrayList;
import java.util.List;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuLayout;
import org.javisor.cpu.Translation;

/// The code of one translation while it is being written: where flags are, and the exits.
///
/// Each exit is a short piece of code behind the rest that says where it was left, and saves
/// the flags if they are not in memory then.
final class Emission {
    private static final int NONE = -1;
    static final int UNLINKABLE = -1;

    /// @param lastX87 offset in the page of the last x87 instruction before it, if FIP has to be set
    /// @param flags   where the guest's flags are
    /// @param beginning emits what else it does, first
    /// @param faulting the instruction whose page fault may be delivered, or -1
    private record Exit(int jump, long exit, int lastX87, FlagState.Snapshot flags, Runnable beginning,
            int faulting) { }

    private static final Runnable NOTHING = () -> { };

    /// A jump to what `emitted` emits behind the rest, which comes back.
    private record Aside(int jump, Runnable emitted, int back) { }

    /// A jump to where registers are loaded, the routine that does it, and what it comes back to.
    private record Load(int jump, long routine, int back) { }

    final Assembler asm;
    final Translation translation;
    /// Whether stores are noted.
    final boolean logged;
    /// Size of addresses and of what is pushed, in bytes.
    final int word;
    final FlagState flags;
    private final long origin;
    private final CodeMemory memory;
    private final List<Exit> exits = new ArrayList<>();
    private final List<Integer> targets = new ArrayList<>();
    private final List<Integer> links = new ArrayList<>();
    private final List<Integer> callers = new ArrayList<>();
    private final List<Load> loads = new ArrayList<>();
    private final List<Aside> asides = new ArrayList<>();
    private final List<Integer> leading = new ArrayList<>();
    private final List<Integer> numbered = new ArrayList<>();
    private int lastX87 = NONE;
    /// How many instructions each piece counts, or null if none are counted.
    private int[] counted;
    /// Null unless a listing is wanted.
    private List<Integer> marks;

    /// @param origin host address of the first byte
    /// @param memory where the way out is
    Emission(Assembler asm, Translation translation, boolean logged, long origin, CodeMemory memory) {
        this.asm = asm;
        this.translation = translation;
        this.logged = logged;
        this.word = translation.wordBytes();
        this.origin = origin;
        this.memory = memory;
        this.flags = new FlagState(asm);
    }

    /// Each piece counts its instructions.
    ///
    /// @param translated how many these are
    void count(int[] translated) {
        counted = translated;
    }

    /// Sees to it that the vector registers are in the host's, at the entry, where the flags are in memory: what
    /// follows finds them there. Leaves at the entry if the guest may not use them.
    ///
    /// @param need as of [VectorNeed]
    void needVectors(int need) {
        if ((need & CpuLayout.VECTORS_WIDE_USABLE) != 0) {
            need(CpuLayout.VECTORS, CpuLayout.VECTORS_WIDE, memory.loadWideVectors());
        } else if (need != 0) {
            need(CpuLayout.VECTORS, CpuLayout.VECTORS_LOADED, memory.loadVectors());
        }
    }

    /// As [#needVectors], of the x87 registers.
    void needX87() {
        need(CpuLayout.X87, CpuLayout.X87_LOADED, memory.loadX87());
    }

    private void need(int word, int loaded, long routine) {
        asm.testByte(State.at(word), loaded);
        int jump = asm.jumpIf(Assembler.EQUAL);
        asm.copy().forget();
        loads.add(new Load(jump, routine, asm.length()));
    }

    // ---- the pointer to the last x87 instruction ----

    /// Instruction `index` is one that FIP is to point to; an exit behind it sees to that, or [#saveX87Pointer].
    void executedX87(int index) {
        lastX87 = translation.offset(index);
    }

    /// FIP has been set.
    void forgotX87() {
        lastX87 = NONE;
    }

    /// Sees to it that FIP is what it has to be. Uses R14; keeps the host's flags.
    void saveX87Pointer() {
        setX87Pointer(lastX87);
        lastX87 = NONE;
    }

    private void setX87Pointer(int offset) {
        if (offset != NONE) {
            asm.load(Assembler.R14, State.at(CpuLayout.PAGE_RIP));
            asm.lea(Assembler.R14, Address.of(Assembler.R14, offset));
            asm.store(State.at(CpuLayout.FIP), Assembler.R14);
        }
    }

    /// Emits a call of a routine, which tells by ZF whether the instruction is complete.
    void call(StringRoutine routine) {
        lead(asm.call(), memory.routine(routine));
    }

    /// Emits a call of what reads the time stamp counter ([CodeMemory#readTime]).
    void callReadTime() {
        lead(asm.call(), memory.readTime());
    }

    /// Emits a call of what forgets the page of the address in R15 ([CodeMemory#invalidatePage]).
    void callInvalidatePage() {
        lead(asm.call(), memory.invalidatePage());
    }

    /// Emits a call of what enters the page of the address in R15 into the TLB ([CodeMemory#walk]).
    void callWalk(boolean write) {
        lead(asm.call(), memory.walk(write));
    }

    /// Emits a call of what finds out whether a branch to R14 faults ([CodeMemory#walkToFetch]).
    void callWalkToFetch() {
        lead(asm.call(), memory.walkToFetch());
    }

    /// Tells who leaves host code that AC or the base of a segment has changed. Keeps the host's flags.
    void systemChanged() {
        asm.storeImmediate(State.at(CpuLayout.SYSTEM_CHANGED), 1);
    }

    /// Emits a jump to code behind the rest, which comes back. It keeps what R14 has.
    void asideIf(int condition, Runnable emitted) {
        int jump = asm.jumpIf(condition);
        asides.add(new Aside(jump, emitted, asm.length()));
    }

    /// Emits a jump to where a return goes whose frame was another one's.
    void returnElsewhere() {
        lead(asm.jump(), memory.returnElsewhere());
    }

    /// As [#returnElsewhere], if a condition is fulfilled.
    void returnElsewhereIf(int condition) {
        lead(asm.jumpIf(condition), memory.returnElsewhere());
    }

    // ---- for people ----

    /// What is written from now on is for instruction `index`, or [Listing#NONE].
    void mark(int index) {
        if (marks != null) {
            marks.add(asm.length());
            marks.add(index);
        }
    }

    /// The marks: where, and for what; empty if they are not kept.
    int[] marks() {
        return marks == null ? new int[0] : numbers(marks);
    }

    /// Keeps marks.
    void keepMarks() {
        marks = new ArrayList<>();
    }

    // ---- exits ----

    /// Emits a jump to an exit that has instruction `index` interpreted. The host's
    /// flags are destroyed ([FlagState#spill]).
    void interpretIf(int condition, int index) {
        exit(asm.jumpIf(condition), BlockTranslator.INTERPRET, index, flags.snapshot().withoutHost());
    }

    /// As [#interpretIf], to an exit that begins with what `beginning` emits.
    void interpretIf(int condition, int index, Runnable beginning) {
        exit(asm.jumpIf(condition), BlockTranslator.INTERPRET, index, flags.snapshot().withoutHost(), beginning);
    }

    /// As [#interpretIf], where `beginning` emits a walk to an access of the instruction.
    void faultIf(int condition, int index, Runnable beginning) {
        int faulting = !logged && word == 8 && translation.faultsAtOnce(index) ? index : NONE;
        exit(asm.jumpIf(condition), BlockTranslator.INTERPRET, index, flags.snapshot().withoutHost(), beginning,
                faulting);
    }

    /// As [#interpretIf], always.
    void interpret(int index) {
        exit(asm.jump(), BlockTranslator.INTERPRET, index, flags.snapshot());
    }

    /// Has a host register point to an exit that begins with what `beginning` emits and has instruction `index`
    /// interpreted. The guest's flags are in memory.
    void interpretFrom(int reg, int index, Runnable beginning) {
        exit(asm.leaOfCode(reg), BlockTranslator.INTERPRET, index, FlagState.Snapshot.MEMORY, beginning);
    }

    /// Emits a jump to an exit before instruction `index`, the first of a piece.
    void leaveIf(int condition, int index) {
        exit(asm.jumpIf(condition), BlockTranslator.ENTRY, index, flags.snapshot().withoutHost());
    }

    /// As [#leaveIf], for a jump that is emitted already and left the host's flags alone.
    void leave(int jump, int index) {
        exit(jump, BlockTranslator.ENTRY, index, flags.snapshot());
    }

    /// Emits a jump to an exit behind instruction `index`, a branch that has set RIP. The flags are in memory.
    void reachedIf(int condition, int index) {
        exit(asm.jumpIf(condition), BlockTranslator.REACHED, index, FlagState.Snapshot.MEMORY);
    }

    private void exit(int jump, int kind, int index, FlagState.Snapshot where) {
        exit(jump, kind, index, where, NOTHING);
    }

    private void exit(int jump, int kind, int index, FlagState.Snapshot where, Runnable beginning) {
        exit(jump, kind, index, where, beginning, NONE);
    }

    private void exit(int jump, int kind, int index, FlagState.Snapshot where, Runnable beginning, int faulting) {
        if (!where.inHost() && !where.lasts()) {
            throw new IllegalStateException("the flags are lost at instruction " + index);
        }
        exits.add(new Exit(jump, BlockTranslator.exit(translation.number(), kind, index), lastX87, where, beginning,
                faulting));
    }

    /// Emits a jump to byte `offset` of the page, which can be linked.
    void target(int offset) {
        // The distance is written in one piece while others execute the jump.
        asm.align(4, 1);
        target(asm.jump(), offset);
    }

    /// As [#target], to come back to the next host instruction.
    void callTarget(int offset) {
        asm.align(4, 1);
        target(asm.call(), offset);
    }

    /// As [#target], for a jump that was emitted already, with its distance aligned.
    void target(int jump, int offset) {
        exit(jump, BlockTranslator.TARGET, targets.size(), FlagState.Snapshot.MEMORY);
        targets.add(offset);
        links.add(jump);
        callers.add(NONE);
    }

    /// Emits a jump to an exit for byte `offset`, beyond the page or near its end, which cannot be linked.
    ///
    /// @param beginning emits what the exit begins with
    void targetIf(int condition, int offset, Runnable beginning) {
        calledIf(condition, offset, NONE, beginning);
    }

    /// As [#targetIf], where the target was called by instruction `index`.
    void calledIf(int condition, int offset, int index, Runnable beginning) {
        exit(asm.jumpIf(condition), BlockTranslator.TARGET, targets.size(), FlagState.Snapshot.MEMORY, beginning);
        targets.add(offset);
        links.add(UNLINKABLE);
        callers.add(index);
    }

    /// Emits what the exits lead to.
    void finish() {
        for (Load load : loads) {
            asm.land(load.jump());
            setExit(BlockTranslator.exit(translation.number(), BlockTranslator.ENTRY, 0));
            lead(asm.call(), load.routine());
            int jump = asm.jump();
            asm.patch4(jump, load.back() - asm.length());
        }
        for (Aside aside : asides) {
            asm.land(aside.jump());
            aside.emitted().run();
            asm.jumpTo(aside.back());
        }
        for (Exit exit : exits) {
            asm.land(exit.jump());
            exit.beginning().run();
            setX87Pointer(exit.lastX87());
            if (!exit.flags().inMemory()) {
                flags.restore(exit.flags());
                flags.need();
            }
            if (exit.faulting() != NONE) {
                tellFaulting(exit.faulting());
            }
            setExit(exit.exit());
            lead(asm.jump(), way(exit));
        }
    }

    private long way(Exit exit) {
        boolean inMemory = exit.flags().inMemory();
        if (exit.faulting() != NONE) {
            return inMemory ? memory.fault() : memory.faultWithFlags();
        }
        return inMemory ? memory.leave() : memory.leaveWithFlags();
    }

    private void tellFaulting(int index) {
        asm.storeImmediate(State.at(CpuLayout.FAULT_OFFSET), translation.offset(index));
        if (counted != null) {
            asm.storeImmediate(State.at(CpuLayout.FAULT_AHEAD), translation.ahead(index, counted));
        }
    }

    private void setExit(long exit) {
        asm.bytes(0x41, 0xbf);
        numbered.add(asm.length());
        asm.immediate(exit, 4);
    }

    /// Has the call or jump just emitted, whose distance is at `at`, lead to a routine.
    private void lead(int at, long routine) {
        asm.patch4(at, (int) (routine - (origin + asm.length())));
        leading.add(at);
    }

    /// Where the distances to routines are, which change with the place of the code.
    int[] leading() {
        return numbers(leading);
    }

    /// Where exits are, which the number of the translation is a part of.
    int[] numbered() {
        return numbers(numbered);
    }

    int[] targets() {
        return numbers(targets);
    }

    /// The instructions that have called [#targets], or -1.
    int[] callers() {
        return numbers(callers);
    }

    /// Where the distances of the jumps to [#targets] are.
    int[] links() {
        return numbers(links);
    }

    private static int[] numbers(List<Integer> list) {
        int[] numbers = new int[list.size()];
        for (int n = 0; n < numbers.length; n++) {
            numbers[n] = list.get(n);
        }
        return numbers;
    }
}
