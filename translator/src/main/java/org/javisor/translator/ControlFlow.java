// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.javisor.cpu.Translation;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;

/// Which pieces of a translation lead to which, and which of them are in every loop.
final class ControlFlow {
    private final Translation translation;
    private final int[] translated;
    /// By piece: those that it leads to. Null for one that may lead elsewhere, too.
    private final List<int[]> successors = new ArrayList<>();
    /// Pieces that another jumps back to: each loop has one.
    private final BitSet loopHeads = new BitSet();
    /// By piece: how many ways lead to it.
    private final int[] ways;
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
        ways = new int[translation.pieces()];
        ways[0] = 1;
        for (int piece = 0; piece < ways.length; piece++) {
            for (int next : waysFrom(piece)) {
                if (next >= 0) {
                    ways[next]++;
                }
            }
        }
    }

    /// The pieces that one leads to, calls included, as often as it does; -1 for what is none.
    private int[] waysFrom(int piece) {
        int last = translation.first(piece) + translation.length(piece) - 1;
        Instruction insn = translation.instruction(last);
        boolean call = translated[piece] == translation.length(piece) && insn.mnemonic() == Mnemonic.CALL
                && insn.kind0 == Instruction.REL;
        return piecesAt(call ? new int[] {Branches.target(translation, insn, last)} : leadsTo(piece));
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

    /// Whether a piece leads to one that no other way leads to.
    boolean continues(int piece) {
        for (int next : waysFrom(piece)) {
            if (hasOneWay(next)) {
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
