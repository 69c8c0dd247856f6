// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Pages whose translations others want a processor to forget, until it has. Any thread.
final class PagesToForget {
    /// With more, forgetting everything costs less.
    static final int MOST = 32;

    private final long[] pages = new long[MOST];
    private int count;

    /// @return false if there is no room, and nothing has been added
    synchronized boolean add(long[] gvas) {
        if (gvas.length > MOST - count) {
            return false;
        }
        System.arraycopy(gvas, 0, pages, count, gvas.length);
        count += gvas.length;
        return true;
    }

    /// Has the processor forget them; on its own thread.
    synchronized void serve(Mmu mmu) {
        for (int i = 0; i < count; i++) {
            mmu.spaces.invalidateEverywhere(pages[i]);
        }
        count = 0;
    }
}
