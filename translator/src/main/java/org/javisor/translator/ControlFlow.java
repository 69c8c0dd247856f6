// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.javisor.cpu.Translation;
import org.javisor.isa.Instruction;

/// Which pieces of a translation lead to which, which of them are in every loop, and what the loops are.
final class ControlFlow {
    private final Translation translation;
    private final int[] translated;
    /// By piece: those that it leads to. Null for one that may lead elsewhere, too.
    private final List<int[]> successors = new ArrayList<>();
    /// Pieces that another jumps back to: each loop has one.
    private final BitSet loopHeads = new BitSet();
    /// By piece: how many ways lead to it.
    private final int[] ways;
    /// By piece: the innermost loop that it is in, or null.
    private final Loop[] loops;
    /// By piece: those that lead to it, but by calling it; what is behind a call is led to by that.
    private final BitSet[] predecessors;
    /// By loop head: the pieces that jump back to it.
    private final Map<Integer, BitSet> backEdges = new HashMap<>();
    private final BitSet visited = new BitSet();
    private final BitSet onPath = new BitSet();

    /// @param translated by piece: how many of its instructions have host code
    ControlFlow(Translation translation, int[] translated) {
        this.translation = translation;
        this.translated = translated;
        for (int piece = 0; piece < translation.pieces(); piece++) {
            successors.add(successors(piece));
        }
        loops = new Loop[translation.pieces()];
        predecessors = new BitSet[translation.pieces()];
        Arrays.setAll(predecessors, _ -> new BitSet());
        ways = new int[translation.pieces()];
        visit(0);
        ways[0] = 1;
        for (int piece = 0; piece < ways.length; piece++) {
            for (int next : waysFrom(piece)) {
                if (next >= 0) {
                    ways[next]++;
                }
            }
            for (int next : leadsOn(piece)) {
                if (next >= 0) {
                    predecessors[next].set(piece);
                }
            }
        }
        findLoops();
    }

    /// The pieces that one leads to, as often as it does, where a call leads to what it calls and, last, to what is
    /// behind it; -1 for what is none.
    private int[] waysFrom(int piece) {
        if (!endsInCall(piece)) {
            return piecesAt(leadsTo(piece));
        }
        int last = last(piece);
        Instruction insn = translation.instruction(last);
        int behind = translation.end(last);
        return piecesAt(insn.kind0 == Instruction.REL
                ? new int[] {Branches.target(translation, insn, last), behind} : new int[] {behind});
    }

    /// The same without what is behind a call.
    private int[] waysWithin(int piece) {
        int[] ways = waysFrom(piece);
        return endsInCall(piece) ? Arrays.copyOf(ways, ways.length - 1) : ways;
    }

    /// The same without what is called.
    private int[] leadsOn(int piece) {
        int[] ways = waysFrom(piece);
        return endsInCall(piece) ? Arrays.copyOfRange(ways, ways.length - 1, ways.length) : ways;
    }

    private boolean endsInCall(int piece) {
        return translated[piece] == translation.length(piece) && Branches.isCall(translation.instruction(last(piece)));
    }

    private int last(int piece) {
        return translation.first(piece) + translation.length(piece) - 1;
    }

    private int[] piecesAt(int[] offsets) {
        int[] pieces = new int[offsets.length];
        for (int n = 0; n < offsets.length; n++) {
            pieces[n] = pieceAt(offsets[n]);
        }
        return pieces;
    }

    /// Whether only one way leads to a piece: from the end of another one.
    boolean hasOneWay(int piece) {
        return piece > 0 && ways[piece] == 1;
    }

    /// Whether a piece leads to one that no other way leads to, and that may go on with what is known at its end:
    /// behind a call nothing is, and what is behind a loop is not worth what it would cost each round.
    boolean continues(int piece) {
        for (int next : waysWithin(piece)) {
            if (hasOneWay(next) && loops[next] == loops[piece]) {
                return true;
            }
        }
        return false;
    }

    private int[] successors(int piece) {
        int[] pieces = piecesAt(leadsTo(piece));
        for (int next : pieces) {
            if (next < 0) {
                return null;
            }
        }
        return pieces.length == 0 ? null : pieces;
    }

    /// The offsets in the page that a piece leads to; none if that is not known.
    private int[] leadsTo(int piece) {
        if (translated[piece] < translation.length(piece)) {
            return new int[0];
        }
        int last = translation.first(piece) + translated[piece] - 1;
        Instruction insn = translation.instruction(last);
        if (SystemCalls.supports(translation, last)) {
            return new int[0];
        }
        if (!Branches.supports(insn)) {
            return new int[] {translation.end(last)};
        }
        if (!Branches.isDirect(insn)) {
            return new int[0];
        }
        int target = Branches.target(translation, insn, last);
        return Branches.isConditional(insn) ? new int[] {target, translation.end(last)} : new int[] {target};
    }

    /// The piece with host code that starts at an offset in the page, or -1.
    int pieceAt(int offset) {
        int piece = translation.pieceAt(offset);
        return piece >= 0 && translated[piece] > 0 ? piece : -1;
    }

    /// By piece: those that it leads to. Null for one that may lead elsewhere, too.
    List<int[]> successors() {
        return successors;
    }

    BitSet loopHeads() {
        return loopHeads;
    }

    private void visit(int piece) {
        visited.set(piece);
        onPath.set(piece);
        for (int next : waysFrom(piece)) {
            if (next >= 0 && onPath.get(next)) {
                loopHeads.set(next);
                backEdges.computeIfAbsent(next, _ -> new BitSet()).set(piece);
            } else if (next >= 0 && !visited.get(next)) {
                visit(next);
            }
        }
        onPath.clear(piece);
    }

    // ---- loops ----

    /// The innermost loop that a piece is in, or null.
    Loop loop(int piece) {
        return loops[piece];
    }

    private void findLoops() {
        List<Loop> found = new ArrayList<>();
        backEdges.forEach((head, from) -> found.add(loop(head, from)));
        // Those of inner ones, which have fewer pieces, come last.
        found.sort(Comparator.comparingInt(loop -> -loop.pieces().cardinality()));
        for (Loop loop : found) {
            loop.pieces().stream().forEach(piece -> loops[piece] = loop);
        }
    }

    /// The pieces that lead to the back edges of a loop without passing its head.
    private Loop loop(int head, BitSet from) {
        BitSet pieces = new BitSet();
        pieces.set(head);
        Deque<Integer> pending = new ArrayDeque<>(from.stream().boxed().toList());
        while (!pending.isEmpty()) {
            int piece = pending.pop();
            if (!pieces.get(piece)) {
                pieces.set(piece);
                predecessors[piece].stream().forEach(pending::push);
            }
        }
        boolean steady = head == 0 || !pieces.get(0);
        int written = 0;
        List<Instruction> code = new ArrayList<>();
        for (int piece = pieces.nextSetBit(0); piece >= 0; piece = pieces.nextSetBit(piece + 1)) {
            steady &= !endsInCall(piece);
            for (int index = translation.first(piece); index <= last(piece); index++) {
                Instruction insn = translation.instruction(index);
                code.add(insn);
                steady &= !AccessPlan.ends(insn);
                written |= WrittenRegisters.of(insn);
            }
        }
        return new Loop(head, pieces, written, steady, code);
    }
}
