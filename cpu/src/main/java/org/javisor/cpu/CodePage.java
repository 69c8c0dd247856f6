// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.javisor.isa.Decoder;
import org.javisor.memory.GuestMemory;

/// The blocks decoded from one guest-physical page, and instructions that begin or end in it and are in two pages.
///
/// Changes are made under the object's monitor; lookups take no lock. Whoever decodes first marks the chunks it is
/// about to read in [#chunks] and then reads; whoever writes first writes and then looks at [#chunks]: one of the two
/// sees the other.
final class CodePage {
    private static final int CHUNK_SHIFT = 6;
    /// A kernel patches its code here and there; who writes new code all the time is soon beyond this.
    private static final int MANY_CHANGES = 64;
    /// After so many writes since code was found in a page it is taken for data: what a kernel gives back of itself
    /// when it has started, for one. If it is code after all, that many times as many the next time.
    private static final int PATIENCE = 128, MORE_PATIENT = 4, MAX_PATIENCE = 1 << 24;
    private static final Block[] NONE = new Block[1], NO_BLOCKS = {};

    private final GuestMemory memory;
    /// Guest-physical address.
    final long gpa;
    /// Bit n: bytes 64 n to 64 n + 63 may be part of a block.
    private volatile long chunks;
    /// Whether the page is tracked and every processor knows. Guarded by the monitor.
    private boolean sealed;
    /// How often tracking has ended. Guarded by the monitor.
    private int unsealings;
    /// How many blocks with host code have been changed.
    private int changes;
    /// Writes since a block was decoded; processors that count at once may lose some.
    private int writes;
    private int patience = PATIENCE;
    /// Open-addressed by [#hash], a power of two long and never full.
    private Block[] table = NONE;
    private int count;
    /// Those of which only one part is in this page: they are in those of the other page, too. Replaced under both
    /// pages' monitors, or this one's when all are forgotten.
    private volatile Block[] across = NO_BLOCKS;
    /// Bit n of word m: the instruction at 64 m + n, see [Translation#isSeparate]. Null for none. Racy hints, read by
    /// who holds other locks.
    private volatile long[] separate;

    CodePage(GuestMemory memory, long gpa) {
        this.memory = memory;
        this.gpa = gpa;
    }

    private static int hash(int start, int decodeMode) {
        return start + decodeMode * 11;
    }

    /// The block that starts at `start`, or null.
    Block find(int start, int decodeMode) {
        Block[] blocks = table;
        int mask = blocks.length - 1;
        for (int i = hash(start, decodeMode) & mask; ; i = i + 1 & mask) {
            Block block = blocks[i];
            if (block == null || block.start == start && block.decodeMode == decodeMode) {
                return block != null && block.valid ? block : null;
            }
        }
    }

    /// The block that starts at `start` and ends in another page, or null.
    Block findAcross(int start, int decodeMode) {
        for (Block block : across) {
            if (block.page == this && block.start == start && block.decodeMode == decodeMode && block.valid) {
                return block;
            }
        }
        return null;
    }

    /// Sees to it that no write to the page goes unnoticed.
    ///
    /// @return whether that was so already; if not, it has waited for the other processors
    boolean seal(CpuGroup group) {
        int seen;
        synchronized (this) {
            if (sealed) {
                return true;
            }
            seen = unsealings;
        }
        group.track(memory, gpa);
        synchronized (this) {
            sealed |= seen == unsealings;
        }
        return false;
    }

    synchronized boolean sealed() {
        return sealed;
    }

    /// Decodes and enters a block.
    ///
    /// @param hva where the page's bytes are
    /// @return null if not even one instruction ends within the page, or if the page is not sealed any more
    synchronized Block decode(InstructionDecoder decoder, long hva, int start, int decodeMode) {
        if (!sealed) {
            return null;
        }
        long before = chunks;
        chunks = before | chunks(start, Math.min(start + InstructionDecoder.MAX_BLOCK_BYTES, GuestMemory.PAGE_BYTES));
        VarHandle.fullFence();
        Block block = decoder.decode(hva, start, decodeMode, this);
        if (block != null) {
            enter(block);
        }
        chunks = block == null ? before : before | chunks(block.start, block.end);
        return block;
    }

    /// As [#decode], of the instruction at `start` that ends in another page.
    ///
    /// @param tailHva where the bytes of `tail` are
    /// @return null if there is none such, or if one of the pages is not sealed any more
    Block decodeAcross(InstructionDecoder decoder, long hva, CodePage tail, long tailHva, int start,
            int decodeMode) {
        CodePage lower = gpa < tail.gpa ? this : tail, upper = lower == this ? tail : this;
        synchronized (lower) {
            synchronized (upper) {
                return sealed && tail.sealed ? decodeSealed(decoder, hva, tail, tailHva, start, decodeMode) : null;
            }
        }
    }

    private Block decodeSealed(InstructionDecoder decoder, long hva, CodePage tail, long tailHva, int start,
            int decodeMode) {
        long before = chunks, tailBefore = tail.chunks;
        chunks = before | chunks(start, GuestMemory.PAGE_BYTES);
        tail.chunks = tailBefore | chunks(0, Decoder.MAX_BYTES);
        VarHandle.fullFence();
        Block block = decoder.decodeAcross(hva, tailHva, start, decodeMode, this, tail);
        if (block == null) {
            chunks = before;
            tail.chunks = tailBefore;
        } else {
            enterAcross(block);
            tail.enterAcross(block);
        }
        return block;
    }

    private void enterAcross(Block block) {
        Block[] valid = new Block[across.length + 1];
        int kept = 0;
        for (Block known : across) {
            if (known.valid) {
                valid[kept++] = known;
            }
        }
        valid[kept++] = block;
        writes = 0;
        across = Arrays.copyOf(valid, kept);
    }

    /// Whether some of the bytes from `from` to `to` of this page are a part of a block.
    private boolean overlaps(Block block, int from, int to) {
        return block.tail == this ? from < block.end - GuestMemory.PAGE_BYTES : block.overlaps(from, to);
    }

    private long chunksOf(Block block) {
        return block.tail == this ? chunks(0, block.end - GuestMemory.PAGE_BYTES)
                : chunks(block.start, Math.min(block.end, GuestMemory.PAGE_BYTES));
    }

    /// Has the accesses of the instruction at `offset` translated with checks of their own from now on.
    void separate(int offset) {
        long[] bits = separate == null ? new long[GuestMemory.PAGE_BYTES / Long.SIZE] : separate;
        bits[offset / Long.SIZE] |= 1L << offset;
        separate = bits;
    }

    boolean isSeparate(int offset) {
        long[] bits = separate;
        return bits != null && (bits[offset / Long.SIZE] >>> offset & 1) != 0;
    }

    private static long chunks(int from, int to) {
        int first = from >> CHUNK_SHIFT;
        int last = to - 1 >> CHUNK_SHIFT;
        return -1L << first & -1L >>> 63 - last;
    }

    private long coveredChunks() {
        long covered = 0;
        for (Block block : table) {
            if (block != null && block.valid) {
                covered |= chunksOf(block);
            }
        }
        for (Block block : across) {
            if (block.valid) {
                covered |= chunksOf(block);
            }
        }
        return covered;
    }

    private void enter(Block block) {
        Block[] blocks = table;
        if (2 * (count + 1) > blocks.length) {
            blocks = rehashed();
        }
        insert(blocks, block);
        count++;
        writes = 0;
        VarHandle.releaseFence();
        table = blocks;
    }

    /// A table of the valid blocks alone, with room for at least as many again.
    private Block[] rehashed() {
        int valid = 0;
        for (Block block : table) {
            valid += block != null && block.valid ? 1 : 0;
        }
        Block[] blocks = new Block[Integer.highestOneBit(valid + 1) * 4];
        count = 0;
        for (Block block : table) {
            if (block != null && block.valid && count < valid) {
                insert(blocks, block);
                count++;
            }
        }
        return blocks;
    }

    private static void insert(Block[] blocks, Block block) {
        int mask = blocks.length - 1;
        int i = hash(block.start, block.decodeMode) & mask;
        while (blocks[i] != null && (blocks[i].start != block.start || blocks[i].decodeMode != block.decodeMode)) {
            i = i + 1 & mask;
        }
        blocks[i] = block;
    }

    /// Drops the blocks that `bytes` bytes, just written at `offset`, are part of.
    ///
    /// @return whether there were any
    boolean written(int offset, int bytes, CpuGroup group) {
        if (++writes >= patience) {
            giveUp(group);
            return true;
        }
        if ((chunks & chunks(offset, offset + bytes)) == 0 && chunks != 0) {
            return false;
        }
        synchronized (this) {
            boolean dropped = drop(table, offset, bytes, group) | drop(across, offset, bytes, group);
            chunks = coveredChunks();
            // Not at once, for the page may be written and executed in turn.
            if (chunks == 0 && !dropped) {
                unseal(group);
            }
            return dropped;
        }
    }

    private boolean drop(Block[] blocks, int offset, int bytes, CpuGroup group) {
        boolean dropped = false;
        for (Block block : blocks) {
            if (block != null && block.valid && overlaps(block, offset, offset + bytes)) {
                changes += block.partOf().length == 0 ? 0 : 1;
                block.invalidate(group);
                dropped = true;
            }
        }
        return dropped;
    }

    private synchronized void giveUp(CpuGroup group) {
        writes = 0;
        patience = Math.min(patience * MORE_PATIENT, MAX_PATIENCE);
        clear(group);
    }

    /// Whether its code has changed seldom: what was there in earlier runs may be expected to stay now.
    boolean isSteady() {
        return changes < MANY_CHANGES;
    }

    /// Forgets every block.
    synchronized void clear(CpuGroup group) {
        for (Block block : table) {
            if (block != null) {
                block.invalidate(group);
            }
        }
        for (Block block : across) {
            block.invalidate(group);
        }
        chunks = 0;
        unseal(group);
    }

    /// Stops tracking a page that holds no block: it may have become data for good.
    private void unseal(CpuGroup group) {
        table = NONE;
        across = NO_BLOCKS;
        count = 0;
        separate = null;
        sealed = false;
        unsealings++;
        group.untrack(memory, gpa);
    }
}
