// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.util.ArrayList;
import java.util.List;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.Translation;

/// The code of one block while it is being written: where flags and vector registers are, and the exits.
///
/// Each exit is a short piece of code behind the block's: it stores the vector registers that have changed by then and
/// says where the block was left.
final class Emission {
    private static final int MOVUPS_LOAD = Assembler.MAP_0F | 0x10, MOVUPS_STORE = Assembler.MAP_0F | 0x11;

    private record Exit(int jump, long exit, int changedVectors) { }

    final Assembler asm;
    final Translation translation;
    /// Whether stores are noted.
    final boolean logged;
    final FlagState flags;
    private final long origin;
    private final long leave;
    private final List<Exit> exits = new ArrayList<>();
    private final List<Integer> targets = new ArrayList<>();
    private final List<Integer> links = new ArrayList<>();
    private int loadedVectors;
    private int changedVectors;

    /// @param origin host address of the first byte
    /// @param leave  host address of the way out
    Emission(Assembler asm, Translation translation, boolean logged, long origin, long leave) {
        this.asm = asm;
        this.translation = translation;
        this.logged = logged;
        this.origin = origin;
        this.leave = leave;
        this.flags = new FlagState(asm);
    }

    // ---- vector registers ----

    /// Sees to it that XMM register `reg` is in the host's.
    void loadVector(int reg) {
        if ((loadedVectors & 1 << reg) == 0) {
            asm.op(MOVUPS_LOAD, 4, reg, State.vector(reg));
            loadedVectors |= 1 << reg;
        }
    }

    void vectorChanged(int reg) {
        loadedVectors |= 1 << reg;
        changedVectors |= 1 << reg;
    }

    /// To be called before the block's last instruction leads away.
    void storeVectors() {
        storeVectors(changedVectors);
    }

    private void storeVectors(int set) {
        for (int reg = 0; reg < 16; reg++) {
            if ((set & 1 << reg) != 0) {
                asm.op(MOVUPS_STORE, 4, reg, State.vector(reg));
            }
        }
    }

    // ---- exits ----

    /// Emits a jump to an exit that has instruction `index` interpreted. The flags must be in memory.
    void interpretIf(int condition, int index) {
        exit(asm.jumpIf(condition), BlockTranslator.INTERPRET, index, changedVectors);
    }

    /// As [#interpretIf], always; vector registers are stored already.
    void interpret(int index) {
        exit(asm.jump(), BlockTranslator.INTERPRET, index, 0);
    }

    /// As [#interpretIf], where vector registers are stored already.
    void lastInterpretIf(int condition, int index) {
        exit(asm.jumpIf(condition), BlockTranslator.INTERPRET, index, 0);
    }

    void leaveAtEntryIf(int condition) {
        exit(asm.jumpIf(condition), BlockTranslator.ENTRY, 0, 0);
    }

    private void exit(int jump, int kind, int index, int vectors) {
        exits.add(new Exit(jump, BlockTranslator.exit(translation.number(), kind, index), vectors));
    }

    /// Emits a jump to byte `offset` of the page, which can be linked.
    void target(int offset) {
        // The distance is written in one piece while others execute the jump.
        asm.align(4, 1);
        target(asm.jump(), offset);
    }

    /// As [#target], for a jump that was emitted already, with its distance aligned.
    void target(int jump, int offset) {
        exit(jump, BlockTranslator.TARGET, targets.size(), 0);
        targets.add(offset);
        links.add(jump);
    }

    /// Emits what the exits lead to.
    void finish() {
        for (Exit exit : exits) {
            asm.land(exit.jump());
            storeVectors(exit.changedVectors());
            asm.bytes(0x41, 0xbf);
            asm.immediate(exit.exit(), 4);
            int jump = asm.jump();
            asm.patch4(jump, (int) (leave - (origin + jump + 4)));
        }
    }

    int[] targets() {
        return targets.stream().mapToInt(Integer::intValue).toArray();
    }

    /// Where the distances of the jumps to [#targets] are.
    int[] links() {
        return links.stream().mapToInt(Integer::intValue).toArray();
    }
}
