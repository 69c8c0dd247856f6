// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeRow;

/// A block and the host code for it.
public final class Translation {
    private static final int UNKNOWN = -1;
    /// After so many exits at an instruction what follows it is worth a translation of its own.
    private static final int OFTEN = 8;

    private final int number;
    private final long rip;
    final Block block;
    private final Insn[] insns;
    private long entry;
    private int count = UNKNOWN;
    private int[] targets = {};
    private int vectorNeed;
    private boolean usesX87;
    /// How often host code stopped at each instruction, up to [#OFTEN]; processors that count at once may lose some.
    private byte[] stops = {};
    /// Places in other translations' code that lead here. For the translator, under its lock.
    private final List<long[]> incoming = new ArrayList<>(2);

    /// @param rip where the block was found
    Translation(int number, Block block, long rip) {
        this.number = number;
        this.rip = rip;
        this.block = block;
        this.insns = block.insns;
    }

    /// Which it is in exits.
    public int number() {
        return number;
    }

    /// RIP of the first instruction where it was translated. Other mappings of the page execute it elsewhere.
    public long rip() {
        return rip;
    }

    public int size() {
        return insns.length;
    }

    public Instruction instruction(int index) {
        return insns[index];
    }

    /// Offset in the page of the byte behind an instruction.
    public int end(int index) {
        return insns[index].end;
    }

    /// Offset in the page of the first instruction.
    public int start() {
        return block.start;
    }

    /// Offset in the page of an instruction.
    public int offset(int index) {
        return insns[index].end - insns[index].length;
    }

    /// Completes it.
    ///
    /// @param hostEntry    host address of the code
    /// @param instructions how many of the block's instructions it executes
    /// @param hostTargets  offsets in the page, by index of a [BlockTranslator#TARGET] exit
    public void complete(long hostEntry, int instructions, int[] hostTargets) {
        vectorNeed = vectorNeed(instructions);
        usesX87 = usesX87(instructions);
        entry = hostEntry;
        count = instructions;
        targets = hostTargets;
        stops = new byte[instructions];
    }

    /// What the first `instructions` need of VECTORS, see [VectorNeed]. Code for them sees to it at its entry.
    public int vectorNeed(int instructions) {
        return IntStream.range(0, instructions).map(i -> VectorNeed.of(insns[i])).reduce(0, (a, b) -> a | b);
    }

    int vectorNeed() {
        return vectorNeed;
    }

    /// Whether one of the first `instructions` needs the x87 registers, of which MMX's are a part. Code for such blocks
    /// checks X87 at its entry.
    public boolean usesX87(int instructions) {
        return IntStream.range(0, instructions).anyMatch(i -> usesX87(insns[i]));
    }

    private static boolean usesX87(Instruction insn) {
        return insn.row.map() == OpcodeRow.X87 || insn.kind0 == Instruction.MMX || insn.kind1 == Instruction.MMX
                || insn.mnemonic() == Mnemonic.FWAIT || insn.mnemonic() == Mnemonic.EMMS;
    }

    boolean usesX87() {
        return usesX87;
    }

    /// 0 if it could not be translated.
    public long entry() {
        return entry;
    }

    /// How many instructions are executed without an exit. 0 if not even the first can be translated.
    public int count() {
        return count;
    }

    /// Counts an exit at an instruction.
    ///
    /// @return whether what comes behind it had better be a block of its own
    boolean isolates(int index) {
        return index >= count || stops[index] == OFTEN || ++stops[index] == OFTEN;
    }

    int target(int index) {
        return targets[index];
    }

    public List<long[]> incoming() {
        return incoming;
    }
}
