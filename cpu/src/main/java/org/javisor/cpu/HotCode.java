// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Arrays;

/// What guest code has earned host code in earlier runs: it gets it at once when it comes again, instead of being
/// interpreted until it has been executed often.
///
/// Entries stand for blocks, and for blocks that were translated together with another one. They are hashes of what the
/// instructions are and where in their page, without immediate operands and displacements, because a kernel is at
/// other addresses each time. Two blocks with the same hash cost a translation that is made too early; nothing else
/// depends on it. Safe for use by any thread.
public final class HotCode {
    /// How many entries are kept.
    public static final int CAPACITY = 1 << 17;
    /// The lower bits of an entry: one more than the binary logarithm of how often the block was executed before it was
    /// translated.
    private static final int LOG_BITS = 4, LOG_MASK = (1 << LOG_BITS) - 1;
    private static final long MULTIPLIER = 0x9e37_79b9_7f4a_7c15L;

    /// Entries by hash, open-addressed: a power of two long, at most half full.
    private static final class Table {
        private long[] entries = new long[1 << 10];
        private int count;

        /// Where the entry for a hash is or would be.
        private int index(long hash) {
            int mask = entries.length - 1;
            int i = (int) (hash >>> 32) & mask;
            while (entries[i] != 0 && (entries[i] ^ hash) >>> LOG_BITS != 0) {
                i = i + 1 & mask;
            }
            return i;
        }

        private void add(long entry) {
            int i = index(entry);
            if (entries[i] == 0) {
                if (2 * ++count > entries.length) {
                    grow();
                    i = index(entry);
                }
            }
            entries[i] = entry;
        }

        private void grow() {
            long[] old = entries;
            entries = new long[2 * old.length];
            for (long entry : old) {
                if (entry != 0) {
                    entries[index(entry)] = entry;
                }
            }
        }
    }

    /// What earlier runs have learned; constant.
    private final Table known = new Table();
    /// What this one has. Guarded by this object's monitor.
    private final Table learned = new Table();

    /// @param entries that [#entries] gave in an earlier run; numbers that it did not give do no harm
    public HotCode(long... entries) {
        int used = Math.min(entries.length, CAPACITY);
        for (int i = 0; i < used; i++) {
            if ((entries[i] & LOG_MASK) != 0 && entries[i] >>> LOG_BITS != 0) {
                known.add(entries[i]);
            }
        }
    }

    /// What is worth keeping: what this run has learned, and then what earlier ones had, up to [#CAPACITY].
    public synchronized long[] entries() {
        long[] all = new long[Math.min(CAPACITY, learned.count + known.count)];
        int count = 0;
        for (long entry : learned.entries) {
            if (entry != 0 && count < all.length) {
                all[count++] = entry;
            }
        }
        for (long entry : known.entries) {
            if (entry != 0 && count < all.length && learned.entries[learned.index(entry)] == 0) {
                all[count++] = entry;
            }
        }
        return Arrays.copyOf(all, count);
    }

    /// Whether this run has learned anything that was not known.
    public synchronized boolean hasLearned() {
        for (long entry : learned.entries) {
            if (entry != 0 && known.entries[known.index(entry)] == 0) {
                return true;
            }
        }
        return false;
    }

    // ---- hashes ----

    private static long mix(long hash, long value) {
        long mixed = (hash ^ value) * MULTIPLIER;
        return mixed ^ mixed >>> 29;
    }

    /// Of a block.
    static long hash(Insn[] insns, int start, int decodeMode) {
        long hash = mix(start, decodeMode);
        for (Insn insn : insns) {
            hash = mix(hash, (long) insn.mnemonic().ordinal() << 8 | insn.length);
        }
        return mix(hash, insns.length);
    }

    /// Of the block at offset `start` of its page as a part of what is translated with the one with hash `head`.
    static long part(long head, int start) {
        return mix(head, ~start);
    }

    // ---- what is known ----

    /// About how often a block was executed before it was translated in an earlier run, or 0.
    int executions(long hash) {
        long entry = known.entries[known.index(hash)];
        return entry == 0 ? 0 : 1 << (entry & LOG_MASK) - 1;
    }

    /// Notes that a block has been translated.
    ///
    /// @param executions how often it was executed before
    public synchronized void learn(long hash, int executions) {
        int log = Math.min(Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(1, executions)), LOG_MASK);
        learned.add(hash & ~LOG_MASK | log);
    }
}
