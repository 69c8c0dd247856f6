// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.NONE;
import static org.javisor.isa.Instruction.XMM;
import static org.javisor.isa.Instruction.YMM;

import java.util.BitSet;
import java.util.List;
import org.javisor.cpu.Translation;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeRow;

/// Where in a translation somebody may still need the flags that are there: a guest instruction that reads them, or
/// whoever goes on where host code is left.
final class Liveness {
    private final Translation translation;
    private final int[] translated;
    /// By number of an instruction: the flags before it are needed.
    private final BitSet before = new BitSet();
    /// The flags behind it are.
    private final BitSet behind = new BitSet();
    /// The same, where only those count who find the host's flags destroyed: exits, and what comes behind accesses.
    private final BitSet lastBefore = new BitSet(), lastBehind = new BitSet();

    /// @param translated by piece: how many of its instructions have host code
    /// @param successors by piece: where it leads within the translation; null for one that may lead elsewhere, too
    /// @param polling    pieces that may be left before their first instruction
    Liveness(Translation translation, int[] translated, List<int[]> successors, BitSet polling) {
        this.translation = translation;
        this.translated = translated;
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int piece = translation.pieces() - 1; piece >= 0; piece--) {
                int first = translation.first(piece);
                boolean live = before.get(first), last = lastBefore.get(first);
                scan(piece, anyLive(successors.get(piece), before), anyLive(successors.get(piece), lastBefore),
                        polling.get(piece));
                changed |= before.get(first) != live || lastBefore.get(first) != last;
            }
        }
    }

    private boolean anyLive(int[] successors, BitSet live) {
        if (successors == null) {
            return true;
        }
        for (int successor : successors) {
            if (live.get(translation.first(successor))) {
                return true;
            }
        }
        return false;
    }

    private void scan(int piece, boolean liveAtEnd, boolean lastAtEnd, boolean polls) {
        int first = translation.first(piece);
        boolean live = liveAtEnd, last = lastAtEnd;
        for (int index = first + translated[piece] - 1; index >= first; index--) {
            behind.set(index, live);
            lastBehind.set(index, last);
            Instruction insn = translation.instruction(index);
            live = mayExit(insn) || reads(insn) || live && !replaces(insn);
            last = mayExit(insn) || last && !replaces(insn);
            before.set(index, live);
            lastBefore.set(index, last);
        }
        if (polls || translated[piece] == 0) {
            before.set(first);
            lastBefore.set(first);
        }
    }

    private static boolean reads(Instruction insn) {
        return Branches.readsFlags(insn) || Effect.reads(insn);
    }

    /// INC and DEC keep CF.
    private static boolean replaces(Instruction insn) {
        return Effect.of(insn) == Effect.WRITES;
    }

    /// Whether host code may be left at an instruction, where the host's flags are destroyed: all but those on general
    /// and vector registers alone.
    static boolean mayExit(Instruction insn) {
        if (BlockCompiler.isIdle(insn.mnemonic()) || insn.mnemonic() == Mnemonic.LEA || Branches.isDirect(insn)) {
            return false;
        }
        Effect effect = Effect.of(insn);
        if (effect == Effect.UNSUPPORTED || insn.row.map() == OpcodeRow.X87) {
            return true;
        }
        for (int n = 0; n < 4; n++) {
            int kind = insn.kind(n);
            if (kind != GPR && kind != IMM && kind != NONE && kind != XMM && kind != YMM) {
                return true;
            }
        }
        return false;
    }

    /// Whether the flags are needed where a piece begins.
    boolean liveAt(int piece) {
        return before.get(translation.first(piece));
    }

    boolean liveBehind(int index) {
        return behind.get(index);
    }

    /// Whether the flags behind an instruction are needed by somebody who finds the host's destroyed.
    boolean lastsBehind(int index) {
        return lastBehind.get(index);
    }

    /// Whether a piece reads flags before it can be left or changes them: it had better find them in the host's.
    boolean readsFirst(int piece) {
        int first = translation.first(piece);
        for (int index = first; index < first + translated[piece]; index++) {
            Instruction insn = translation.instruction(index);
            if (mayExit(insn)) {
                return false;
            }
            if (reads(insn)) {
                return true;
            }
            if (Effect.of(insn).replaces()) {
                return false;
            }
        }
        return false;
    }
}
