// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.javisor.cpu.CpuLayout;
import org.javisor.cpu.Translation;
import org.javisor.isa.Instruction;

/// Writes the code of a translation: its pieces one after another, so that the likely way is straight.
///
/// A piece is written once for each state of the flags that it may be reached in, within limits: behind a comparison
/// whose operands are still there the flags need not be saved for it ([FlagState]). So the first round of a loop mostly
/// has code of its own.
final class RegionCompiler implements Branches.Edges {
    /// How often a piece is written at most; once more if the last finds the flags in memory.
    private static final int MAX_VERSIONS = 3, MAX_SECOND_VERSIONS = 6;
    private static final int UNWRITTEN = -1;
    private static final int JRCXZ = 0xe3;

    /// The rounds of a loop behind the first one: what that has checked of accesses at addresses that the loop does not
    /// change need not be checked again.
    ///
    /// @param from  whose end leads to them
    /// @param outer those of a loop around it, or null
    private record Steady(Loop loop, MemoryAccess.Known known, Version from, Steady outer) { }

    /// A piece as it is written for a state of the flags.
    private static final class Version {
        private final int piece;
        private final FlagState.Snapshot flags;
        /// What is known of memory there because only one way leads to it, or null.
        private final MemoryAccess.Known known;
        /// Which rounds of a loop it is for, or null if for any.
        private final Steady steady;
        private int position = UNWRITTEN;
        /// Where the distances of jumps to it are that were emitted before it was.
        private final List<Integer> jumps = new ArrayList<>();

        private Version(int piece, FlagState.Snapshot flags, MemoryAccess.Known known, Steady steady) {
            this.steady = steady;
            this.piece = piece;
            this.flags = flags;
            this.known = known;
        }

        private boolean isWritten() {
            return position != UNWRITTEN;
        }
    }

    /// What is behind the code that is executed often: a way out, or to another version, for which flags must be saved.
    private record Detour(int jump, FlagState.Snapshot flags, int offset, int index, Version from) { }

    private final Emission emission;
    private final Assembler asm;
    private final Translation translation;
    private final FlagState flags;
    private final BlockCompiler instructions;
    private final Branches branches;
    private final SystemCalls calls;
    private final boolean counted;
    private final int[] translated;
    private final ControlFlow flow;
    private final Liveness liveness;
    private final List<List<Version>> versions = new ArrayList<>();
    /// Those that are jumped to but not written yet.
    private final Deque<Version> pending = new ArrayDeque<>();
    private final List<Detour> detours = new ArrayList<>();
    /// What is written first, at the entry.
    private Version entered;
    /// What is to be written next because nothing jumps over it, or null.
    private Version next;
    /// What is being written: a version, and for which rounds of a loop.
    private Version writing;
    private Steady steady;
    private final Map<Loop, Steady> steadyLoops = new HashMap<>();
    private final int maxVersions;
    /// How many instructions may still be written.
    private int budget;

    /// @param translated by piece: how many of its instructions can be translated
    RegionCompiler(Emission emission, HostFeatures host, int[] translated, boolean counted) {
        this.emission = emission;
        this.asm = emission.asm;
        this.translation = emission.translation;
        this.flags = emission.flags;
        this.translated = translated;
        this.counted = counted;
        instructions = new BlockCompiler(emission, host);
        branches = new Branches(emission, instructions.memory, instructions.stack, this);
        calls = new SystemCalls(emission, branches, instructions.memory);
        flow = new ControlFlow(translation, translated);
        liveness = new Liveness(translation, translated, flow.successors(), flow.loopHeads());
        budget = (translation.isSecond() ? 4 : 2) * translation.size() + 16;
        maxVersions = translation.isSecond() ? MAX_SECOND_VERSIONS : MAX_VERSIONS;
        for (int piece = 0; piece < translation.pieces(); piece++) {
            versions.add(new ArrayList<>());
        }
    }

    void compile() {
        entry();
        writePending();
        for (int i = 0; i < detours.size(); i++) {
            Detour detour = detours.get(i);
            emission.mark(Listing.NONE);
            asm.land(detour.jump);
            flags.restore(detour.flags);
            writing = detour.from;
            steady = writing.steady;
            if (steady == null) {
                instructions.memory.forget();
            } else {
                instructions.memory.begin(0, 0, null, false, null, steady.known);
            }
            go(detour.offset, detour.index);
            writePending();
        }
        emission.mark(Listing.NONE);
        emission.finish();
    }

    private void writePending() {
        for (Version version = take(); version != null; version = take()) {
            write(version);
        }
    }

    /// What is to be written now.
    private Version take() {
        Version version = next != null ? next : unwritten();
        next = null;
        return version;
    }

    private Version unwritten() {
        Version version = pending.pollLast();
        while (version != null && version.isWritten()) {
            version = pending.pollLast();
        }
        return version;
    }

    /// The first instruction is as long as a jump, and its place aligned, to be overwritten by one in one piece;
    /// nothing leads to its middle.
    private void entry() {
        emission.mark(Listing.NONE);
        poll(0);
        emission.needVectors(translation.vectorNeed(translated));
        if (translation.usesX87(translated)) {
            emission.needX87();
        }
        next = version(0, FlagState.Snapshot.MEMORY, null);
    }

    private void poll(int index) {
        flags.spill();
        asm.immediateOp(Assembler.CMP_IMM, 4, State.at(CpuLayout.ATTENTION), 0);
        emission.leaveIf(Assembler.NOT_EQUAL, index);
        if (translation.countsEvents()) {
            leaveAtLimit(retired(false), index);
            leaveAtLimit(retired(true), index);
        }
    }

    /// Where a total is kept: that of the privilege that the code is for.
    private int retired(boolean branches) {
        return CpuLayout.RETIRED + (branches ? 16 : 0) + (translation.atCpl0() ? 8 : 0);
    }

    private void leaveAtLimit(int total, int index) {
        asm.load(Assembler.R14, State.at(total));
        asm.op(Assembler.CMP_LOAD, 8, Assembler.R14, State.at(total + CpuLayout.RETIRED_LIMITS - CpuLayout.RETIRED));
        emission.leaveIf(Assembler.GREATER_OR_EQUAL, index);
    }

    // ---- one piece ----

    private void write(Version version) {
        int piece = version.piece;
        int first = translation.first(piece);
        writing = version;
        steady = version.steady;
        version.jumps.forEach(asm::land);
        flags.restore(version.flags);
        boolean polled = entered == null && !emission.logged;
        // Who jumps to the entry is polled there.
        asm.copy().forget();
        version.position = polled ? 0 : asm.length();
        entered = entered == null ? version : entered;
        if (emission.logged && version.flags.lasts()) {
            // Every loop has a piece that the flags are needed in.
            limit(first);
        }
        if (flow.loopHeads().get(piece) && !polled) {
            emission.mark(Listing.NONE);
            poll(first);
        }
        if (counted) {
            count(CpuLayout.INSTRUCTIONS, translated[piece]);
        }
        if (translation.countsEvents()) {
            countEvents(piece);
        }
        budget -= translated[piece];
        plan(version, first);
        writeInstructions(piece, first);
    }

    private void plan(Version version, int first) {
        Loop loop = flow.loop(version.piece);
        boolean firstRound = translation.isSecond() && loop != null && loop.steady()
                && (steady == null || steady.loop != loop);
        Loop begun = firstRound ? loop : null;
        int end = first + translated[version.piece];
        boolean continues = flow.continues(version.piece);
        if (steady == null) {
            instructions.memory.begin(first, end, version.known, continues, begun);
        } else {
            instructions.memory.begin(first, end, version.known, continues, begun, steady.known);
        }
    }

    private void writeInstructions(int piece, int first) {
        int end = first + translated[piece];
        for (int index = first; index < end; index++) {
            Instruction insn = translation.instruction(index);
            emission.mark(index);
            if (SystemCalls.supports(translation, index)) {
                emission.saveX87Pointer();
                calls.emit(insn, index);
                return;
            }
            if (Branches.supports(insn)) {
                emission.saveX87Pointer();
                branches.emit(insn, index);
                return;
            }
            int written = WrittenRegisters.of(insn);
            flags.prepare(insn, written, liveness.liveBehind(index), liveness.lastsBehind(index));
            instructions.emit(insn, index);
            flags.written(insn, written);
        }
        if (translated[piece] == translation.length(piece)) {
            emission.saveX87Pointer();
            goOn(translation.end(end - 1));
        } else {
            emission.interpret(end);
            emission.forgotX87();
        }
    }

    private void countEvents(int piece) {
        count(retired(false), translated[piece]);
        if (translation.endsInBranch(piece, translated[piece])) {
            count(retired(true), 1);
        }
    }

    /// Counts instructions without touching the flags.
    private void count(int total, int executed) {
        Address counter = State.at(total);
        asm.load(Assembler.R14, counter);
        asm.lea(Assembler.R14, Address.of(Assembler.R14, executed));
        asm.store(counter, Assembler.R14);
    }

    /// Leaves when as many pieces have been executed as [CpuLayout#PIECES_LEFT] said, without touching the flags.
    private void limit(int index) {
        Address left = State.at(CpuLayout.PIECES_LEFT), spill = State.at(CpuLayout.SPILL);
        asm.store(spill, Assembler.RCX);
        asm.op(Assembler.LOAD, 4, Assembler.RCX, left);
        asm.bytes(JRCXZ, 0);
        int exhausted = asm.length();
        asm.lea(Assembler.RCX, Address.of(Assembler.RCX, -1));
        asm.op(Assembler.STORE, 4, Assembler.RCX, left);
        asm.load(Assembler.RCX, spill);
        int goOn = asm.jump();
        asm.patch1(exhausted - 1, asm.length() - exhausted);
        asm.load(Assembler.RCX, spill);
        emission.leave(asm.jump(), index);
        asm.land(goOn);
    }

    // ---- edges ----

    @Override
    public void go(int offset, int index) {
        if (Branches.inPage(offset)) {
            goOn(offset);
        } else {
            flags.save();
            branches.jumpFar(offset, index);
        }
    }

    @Override
    public boolean call(int offset) {
        int piece = flow.pieceAt(offset);
        if (piece < 0) {
            if (Branches.isLinkable(offset)) {
                emission.callTarget(offset);
            }
            return Branches.isLinkable(offset);
        }
        Version reached = reach(piece);
        Version version = reached == null ? version(piece, FlagState.Snapshot.MEMORY, null) : reached;
        int call = asm.call();
        if (version.isWritten()) {
            asm.patch4(call, version.position - asm.length());
        } else {
            version.jumps.add(call);
            pending.add(version);
        }
        return true;
    }

    /// Goes on where no branch leads, or within the page.
    private void goOn(int offset) {
        int piece = flow.pieceAt(offset);
        if (piece < 0) {
            flags.save();
            if (Branches.isLinkable(offset)) {
                emission.target(offset);
            } else {
                branches.goOnFar(offset);
            }
            return;
        }
        Version version = reach(piece);
        if (version == null) {
            flags.save();
            version = version(piece, FlagState.Snapshot.MEMORY, steadyAt(piece));
        }
        jump(version);
    }

    private void jump(Version version) {
        if (version.isWritten()) {
            asm.jumpTo(version.position);
        } else {
            // What comes next is this version.
            next = version;
        }
    }

    @Override
    public void jumpIf(int condition, int taken, int other, int index) {
        if (!flags.snapshot().lasts() && (isLive(taken) || isLive(other))) {
            flags.save();
        }
        branch(flags.condition(condition), taken, other, index);
    }

    @Override
    public void jumpIfHost(int condition, int taken, int other, int index) {
        branch(condition, taken, other, index);
    }

    /// @param host the condition, for the host's flags
    private void branch(int host, int taken, int other, int index) {
        Version there = reachAt(taken);
        Version here = reachAt(other);
        if (isBetterStraight(there, here)) {
            branch(host ^ 1, here, other, index);
            straight(there, taken, index);
        } else {
            branch(host, there, taken, index);
            straight(here, other, index);
        }
    }

    private boolean isLive(int offset) {
        int piece = flow.pieceAt(offset);
        return piece < 0 || liveness.liveAt(piece);
    }

    /// Whether the target of a branch should come behind it, and the branch be turned around.
    private boolean isBetterStraight(Version there, Version here) {
        if (here != null && here.isWritten()) {
            return there == null || !there.isWritten();
        }
        return there != null && !there.isWritten()
                && (here == null || translation.weight(there.piece) > translation.weight(here.piece));
    }

    /// Emits a jump to a version, or to what is done where there is none.
    private void branch(int condition, Version version, int offset, int index) {
        if (version == null) {
            if (flags.snapshot().inMemory() && Branches.isLinkable(offset) && flow.pieceAt(offset) < 0) {
                asm.align(4, 2);
                emission.target(asm.jumpIf(condition), offset);
            } else {
                detours.add(new Detour(asm.jumpIf(condition), flags.snapshot(), offset, index, writing));
            }
        } else if (version.isWritten()) {
            asm.jumpTo(condition, version.position);
        } else {
            version.jumps.add(asm.jumpIf(condition));
            pending.add(version);
        }
    }

    private void straight(Version version, int offset, int index) {
        if (version == null) {
            go(offset, index);
        } else {
            jump(version);
        }
    }

    // ---- versions ----

    private Version reachAt(int offset) {
        int piece = flow.pieceAt(offset);
        return piece < 0 ? null : reach(piece);
    }

    /// The version of a piece for the present state of the flags, made if there is none; null if the flags have to be
    /// saved first.
    private Version reach(int piece) {
        FlagState.Snapshot state = useful(piece, flags.snapshot());
        boolean affordable = versions.get(piece).size() < maxVersions && budget >= translated[piece];
        boolean lasts = state.lasts() || state == FlagState.Snapshot.DEAD;
        Steady rounds = steadyAt(piece);
        if (affordable && lasts && flow.hasOneWay(piece)) {
            Version version = new Version(piece, state, instructions.memory.known(), rounds);
            versions.get(piece).add(version);
            return version;
        }
        Version known = find(piece, state, rounds);
        return known != null || !(lasts && affordable) ? known : version(piece, state, rounds);
    }

    /// Which rounds of a loop a piece is reached in from here: those that are being written, if it is part of that
    /// loop. The end of a first round leads to the others.
    private Steady steadyAt(int piece) {
        Steady rounds = steady;
        while (rounds != null && !rounds.loop.pieces().get(piece)) {
            rounds = rounds.outer;
        }
        Loop loop = flow.loop(piece);
        boolean again = translation.isSecond() && loop != null && loop.head() == piece && loop.steady()
                && loop.pieces().get(writing.piece) && (rounds == null || rounds.loop != loop);
        if (!again) {
            return rounds;
        }
        Steady others = steadyLoops.get(loop);
        if (others == null) {
            MemoryAccess.Known known = instructions.memory.steady(loop.written());
            if (known == null) {
                return rounds;
            }
            others = new Steady(loop, known, writing, rounds);
            steadyLoops.put(loop, others);
        }
        return others.from == writing ? others : rounds;
    }

    /// What of the state of the flags makes a difference to a piece.
    private FlagState.Snapshot useful(int piece, FlagState.Snapshot state) {
        if (!liveness.liveAt(piece)) {
            return FlagState.Snapshot.DEAD;
        }
        boolean host = state.inHost() && (liveness.readsFirst(piece) || flow.hasOneWay(piece))
                && !flow.loopHeads().get(piece);
        return new FlagState.Snapshot(host, host && state.lacksCarry(), state.inMemory(),
                state.inMemory() ? null : state.recipe());
    }

    private Version version(int piece, FlagState.Snapshot state, Steady rounds) {
        Version version = find(piece, state, rounds);
        if (version == null) {
            version = new Version(piece, state, null, rounds);
            versions.get(piece).add(version);
        }
        return version;
    }

    /// A version that can be reached from anywhere, or from anywhere in these rounds of a loop; null if there is none.
    private Version find(int piece, FlagState.Snapshot state, Steady rounds) {
        for (Version version : versions.get(piece)) {
            if (version.known == null && version.steady == rounds && version.flags.equals(state)) {
                return version;
            }
        }
        return null;
    }
}
