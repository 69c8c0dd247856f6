// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Arrays;

/// Blocks of 64-bit code by the RIP they were last found at: a short cut past TLB and [CodePage] for branches that
/// leave their page. Forgets with the [Tlb]s it belongs to: see [CodeEntries].
final class JumpCache {
    private static final int INDEX_BITS = 11;
    private static final int ENTRIES = 1 << INDEX_BITS;
    /// Not canonical, so never a RIP.
    private static final long NOWHERE = Long.MIN_VALUE;

    private final long[] rips = new long[ENTRIES];
    private final Block[] blocks = new Block[ENTRIES];
    private final IndexSet used = new IndexSet(ENTRIES);
    /// The entries whose page is global.
    private final IndexSet global = new IndexSet(ENTRIES);

    JumpCache() {
        Arrays.fill(rips, NOWHERE);
    }

    private static int index(long rip) {
        return (int) (rip ^ rip >>> INDEX_BITS) & ENTRIES - 1;
    }

    /// The block at `rip`, or null.
    Block find(long rip) {
        int index = index(rip);
        if (rips[index] == rip) {
            Block block = blocks[index];
            return block.valid ? block : null;
        }
        return null;
    }

    /// Whether the page of a `rip` that is [#find]'s is known to be global.
    boolean isGlobal(long rip) {
        int index = index(rip);
        return rips[index] == rip && global.contains(index);
    }

    /// @param block of a page
    /// @param inGlobalPage whether that is global
    void put(long rip, Block block, boolean inGlobalPage) {
        int index = index(rip);
        rips[index] = rip;
        blocks[index] = block;
        used.add(index);
        if (inGlobalPage) {
            global.add(index);
        } else {
            global.remove(index);
        }
    }

    /// Forgets what is at `rip`.
    void remove(long rip) {
        int index = index(rip);
        if (rips[index] == rip) {
            rips[index] = NOWHERE;
            used.remove(index);
        }
    }

    /// Forgets what is in the same aligned `1 << shift` bytes as `gva`.
    void forget(long gva, int shift) {
        for (int i = used.first(); i >= 0; i = used.next(i)) {
            if ((rips[i] ^ gva) >>> shift == 0) {
                rips[i] = NOWHERE;
                used.remove(i);
            }
        }
    }

    void clear() {
        for (int i = used.first(); i >= 0; i = used.next(i)) {
            rips[i] = NOWHERE;
        }
        used.clear();
    }
}
