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
/// direct jumps or by going on, and that have been executed, in this run or an earlier one ([HotCode]). What has host
/// code of its own stays out, and so do blocks that are part of several translations already. An instruction in two
/// pages is alone, for it is found as long as both are mapped as they were.
///
/// A region of the second tier grows beyond that: into what has host code, into what is called, and to what is behind
/// calls.
final class Region {
    private static final int MAX_INSTRUCTIONS = 256, MAX_BLOCKS = 64;
    /// Of the second tier; a translation has room for 127 pieces, an exit for 1024 instructions.
    private static final int MAX_GROWN_INSTRUCTIONS = 512, MAX_GROWN_BLOCKS = 100;
    private static final int MAX_SHARING = 3;
    /// A block counts as executed if it was so often, in parts of what makes the first one worth translating.
    private static final int WARM_SHIFT = 3;

    private final List<Block> blocks = new ArrayList<>();
    private final RunLoop runLoop;
    private final HotCode known;
    private KeptCode.Entry kept;
    private final int warm;
    private final boolean grows;
    private int instructions;

    private Region(RunLoop runLoop, CpuGroup group, boolean grows) {
        this.runLoop = runLoop;
        this.grows = grows;
        this.known = group.hotCode;
        this.warm = Math.max(1, group.translateAt >> WARM_SHIFT);
    }

    /// The blocks, from `head` on, which has been executed often. Nobody holds a lock.
    ///
    /// @param runLoop that `head` was found by
    static Region of(Block head, RunLoop runLoop, CpuGroup group) {
        Region region = new Region(runLoop, group, false);
        region.add(head);
        boolean kept = group.keptCode != null && region.addKept(group);
        if (!kept && head.tail == null) {
            region.followAll();
        }
        return region;
    }

    /// The blocks of a second-tier region, from any thread.
    static Region grown(Block head, CpuGroup group) {
        Region region = new Region(null, group, true);
        region.add(head);
        region.followAll();
        return region;
    }

    private void followAll() {
        for (int i = 0; i < blocks.size(); i++) {
            follow(blocks.get(i));
        }
    }

    /// The first was executed often.
    List<Block> blocks() {
        return blocks;
    }

    /// What an earlier run made of these very blocks, or null.
    KeptCode.Entry kept() {
        return kept;
    }

    private CodeImage image(CpuGroup group) {
        return CodeImage.of(blocks, group.checked, group.counted, group.busLocksLeave);
    }

    /// Adds the blocks that were translated with the first one in an earlier run, if its host code is known.
    private boolean addKept(CpuGroup group) {
        CodeImage head = image(group);
        for (int variant = 0; variant < KeptCode.VARIANTS; variant++) {
            KeptCode.Entry entry = group.keptCode.find(head, variant);
            if (entry != null && addKept(entry, group)) {
                return true;
            }
        }
        return false;
    }

    private boolean addKept(KeptCode.Entry entry, CpuGroup group) {
        Block head = blocks.getFirst();
        int[] starts = entry.starts();
        for (int n = 1; n < starts.length; n++) {
            Block block = runLoop.beside(head.page, starts[n]);
            if (block != null) {
                add(block);
            }
        }
        if (entry.isOf(image(group))) {
            kept = entry;
            return true;
        }
        // Some are other code now: who is part of it is found out anew.
        blocks.subList(1, blocks.size()).clear();
        instructions = head.insns.length;
        return false;
    }

    private void add(Block block) {
        blocks.add(block);
        instructions += block.insns.length;
    }

    private void follow(Block block) {
        Insn last = block.insns[block.insns.length - 1];
        boolean direct = last.kind0 == REL && 8 * last.operandBytes == last.codeBits;
        boolean conditional = isConditional(last);
        boolean entersCall = grows && last.mnemonic() == Mnemonic.CALL;
        if (direct && (conditional || entersCall || last.mnemonic() == Mnemonic.JMP)) {
            consider(block.page, last.end + last.immediate);
        }
        if (conditional || entersCall || !last.row.has(Attribute.ENDS_BLOCK)) {
            consider(block.page, last.end);
        }
    }

    private static boolean isConditional(Instruction insn) {
        int condition = insn.mnemonic().ordinal() - Mnemonic.JO.ordinal();
        return condition >= 0 && condition <= Mnemonic.JG.ordinal() - Mnemonic.JO.ordinal()
                || insn.mnemonic() == Mnemonic.LOOP;
    }

    private void consider(CodePage page, long offset) {
        int maxBlocks = grows ? MAX_GROWN_BLOCKS : MAX_BLOCKS;
        int maxInstructions = grows ? MAX_GROWN_INSTRUCTIONS : MAX_INSTRUCTIONS;
        if (offset < 0 || offset >= GuestMemory.PAGE_BYTES || blocks.size() == maxBlocks) {
            return;
        }
        Block block = find(page, (int) offset);
        if (block != null && belongs(block) && !blocks.contains(block)
                && instructions + block.insns.length <= maxInstructions) {
            add(block);
        }
    }

    private boolean belongs(Block block) {
        boolean executed = block.interpreted >= warm;
        return grows ? executed || block.translation != null || block.partOf().length != 0
                : executed && block.translation == null && block.partOf().length < MAX_SHARING;
    }

    /// The block at an offset; one that was translated with the first in an earlier run counts as executed.
    private Block find(CodePage page, int offset) {
        Block head = blocks.getFirst();
        int executed = grows || known == null || !page.isSteady() ? 0
                : known.executions(HotCode.part(head.hash, offset));
        if (executed == 0) {
            return page.find(offset, head.decodeMode);
        }
        Block block = runLoop.beside(page, offset);
        if (block != null) {
            block.interpreted = Math.max(block.interpreted, executed);
        }
        return block;
    }
}
