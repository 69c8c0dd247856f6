// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.javisor.cpu.Translation;
import org.javisor.isa.Instruction;

/// Which pieces of a translation lead to which, and which of them are in every loop.
final class ControlFlow {
    private final Translation translation;
    private final int[] translated;
    /// By piece: those that it leads to. Null for one that may lead elsewhere, too.
    private final List<int[]> successors = new ArrayList<>();
    /// Pieces that another jumps back to: each loop has one.
    private final BitSet loopHeads = new BitSet();
    private final BitSet visited = new BitSet();
    private final BitSet onPath = new BitSet();

    /// @param translated by piece: how many of its instructions have host code
    ControlFlow(Translation translation, int[] translated) {
        this.translation = translation;
        this.translated = translated;
        for (int piece = 0; piece < translation.pieces(); piece++) {
            successors.add(successors(piece));
        }
        visit(0);
    }

    private int[] successors(int piece) {
        int[] offsets = leadsTo(piece);
        int[] pieces = IntStream.of(offsets).map(this::pieceAt).toArray();
        return offsets.length == 0 || IntStream.of(pieces).anyMatch(p -> p < 0) ? null : pieces;
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
        for (int offset : leadsTo(piece)) {
            int next = pieceAt(offset);
            if (next >= 0 && onPath.get(next)) {
                loopHeads.set(next);
            } else if (next >= 0 && !visited.get(next)) {
                visit(next);
            }
        }
        onPath.clear(piece);
    }
}
