// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Arrays;

/// Blocks of 64-bit code by the RIP they were last found at: a short cut past TLB and [CodePage] for branches that
/// leave their page. Belongs to one [Tlb], and forgets whenever that forgets.
final class JumpCache {
    private static final int ENTRIES = 1024;
    /// Not canonical, so never a RIP.
    private static final long NOWHERE = Long.MIN_VALUE;

    private final long[] rips = new long[ENTRIES];
    private final Block[] blocks = new Block[ENTRIES];
    private boolean used = true;

    JumpCache() {
        clear();
    }

    private static int index(long rip) {
        return (int) (rip ^ rip >>> 10) & ENTRIES - 1;
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

    /// @param block of a page
    void put(long rip, Block block) {
        int index = index(rip);
        rips[index] = rip;
        blocks[index] = block;
        used = true;
    }

    void clear() {
        if (used) {
            Arrays.fill(rips, NOWHERE);
            used = false;
        }
    }
}
