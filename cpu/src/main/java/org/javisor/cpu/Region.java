// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.REL;

import java.util.ArrayList;
import java.util.List;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeRow.Attribute;
import org.javisor.memory.GuestMemory;

/// Gathers the blocks that are to be translated together: those of one page that lead from a first one to each other by
/// direct jumps or by going on, and that have been executed. What has host code of its own stays out, and so do blocks
/// that are part of several translations already.
final class Region {
    private static final int MAX_INSTRUCTIONS = 256, MAX_BLOCKS = 64;
    private static final int MAX_SHARING = 3;
    /// A block counts as executed if it was so often, in parts of what makes the first one worth translating.
    private static final int WARM_SHIFT = 3;

    private final List<Block> blocks = new ArrayList<>();
    private final int warm;
    private int instructions;

    private Region(int warm) {
        this.warm = warm;
    }

    /// The blocks, from `head` on.
    ///
    /// @param hot how often `head` was executed
    static List<Block> of(Block head, int hot) {
        Region region = new Region(Math.max(1, hot >> WARM_SHIFT));
        region.add(head);
        for (int i = 0; i < region.blocks.size(); i++) {
            region.follow(region.blocks.get(i));
        }
        return region.blocks;
    }

    private void add(Block block) {
        blocks.add(block);
        instructions += block.insns.length;
    }

    private void follow(Block block) {
        Insn last = block.insns[block.insns.length - 1];
        boolean direct = last.kind0 == REL && 8 * last.operandBytes == last.codeBits;
        boolean conditional = isConditional(last);
        if (direct && (conditional || last.mnemonic() == Mnemonic.JMP)) {
            consider(block.page, last.end + last.immediate);
        }
        if (conditional || !last.row.has(Attribute.ENDS_BLOCK)) {
            consider(block.page, last.end);
        }
    }

    private static boolean isConditional(Instruction insn) {
        int condition = insn.mnemonic().ordinal() - Mnemonic.JO.ordinal();
        return condition >= 0 && condition <= Mnemonic.JG.ordinal() - Mnemonic.JO.ordinal();
    }

    private void consider(CodePage page, long offset) {
        if (offset < 0 || offset >= GuestMemory.PAGE_BYTES || blocks.size() == MAX_BLOCKS) {
            return;
        }
        Block block = page.find((int) offset, blocks.getFirst().decodeMode);
        if (block != null && block.translation == null && block.interpreted >= warm && !blocks.contains(block)
                && block.partOf().length < MAX_SHARING && instructions + block.insns.length <= MAX_INSTRUCTIONS) {
            add(block);
        }
    }
}
