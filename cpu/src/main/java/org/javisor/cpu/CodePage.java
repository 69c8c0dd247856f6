// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.lang.invoke.VarHandle;
import org.javisor.memory.GuestMemory;

/// The blocks decoded from one guest-physical page.
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
    private static final Block[] NONE = new Block[1];

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
                covered |= chunks(block.start, block.end);
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
            boolean dropped = false;
            for (Block block : table) {
                if (block != null && block.valid && block.overlaps(offset, offset + bytes)) {
                    changes += block.partOf().length == 0 ? 0 : 1;
                    block.invalidate(group);
                    dropped = true;
                }
            }
            chunks = coveredChunks();
            // Not at once, for the page may be written and executed in turn.
            if (chunks == 0 && !dropped) {
                unseal(group);
            }
            return dropped;
        }
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
        chunks = 0;
        unseal(group);
    }

    /// Stops tracking a page that holds no block: it may have become data for good.
    private void unseal(CpuGroup group) {
        table = NONE;
        count = 0;
        separate = null;
        sealed = false;
        unsealings++;
        group.untrack(memory, gpa);
    }
}
