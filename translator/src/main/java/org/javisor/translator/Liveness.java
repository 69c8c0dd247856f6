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
                boolean old = liveAt(piece);
                scan(piece, liveBehind(successors.get(piece)), polling.get(piece));
                changed |= liveAt(piece) != old;
            }
        }
    }

    private boolean liveBehind(int[] successors) {
        if (successors == null) {
            return true;
        }
        for (int successor : successors) {
            if (liveAt(successor)) {
                return true;
            }
        }
        return false;
    }

    private void scan(int piece, boolean liveAtEnd, boolean polls) {
        int first = translation.first(piece);
        boolean live = liveAtEnd;
        for (int index = first + translated[piece] - 1; index >= first; index--) {
            behind.set(index, live);
            Instruction insn = translation.instruction(index);
            live = mayExit(insn) || reads(insn) || live && !replaces(insn);
            before.set(index, live);
        }
        if (polls || translated[piece] == 0) {
            before.set(first);
        }
    }

    private static boolean reads(Instruction insn) {
        return Branches.isConditional(insn) || Effect.reads(insn);
    }

    /// INC and DEC keep CF.
    private static boolean replaces(Instruction insn) {
        return Effect.of(insn) == Effect.WRITES;
    }

    /// Whether host code may be left at an instruction: all but those on general and vector registers alone.
    private static boolean mayExit(Instruction insn) {
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
