// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

/// Which pages of a slot have been written since each was last told.
///
/// A page that is *known* to be dirty needs nobody's notice until who reads the log takes the knowledge back.
final class DirtyLog {
    private final int slot;
    private final PageBits known;
    /// The known pages that no ring tells of; the same as [#known] where there are no rings.
    private final PageBits told;

    DirtyLog(int slot, long pages, DirtyLogging how) {
        this.slot = slot;
        this.known = new PageBits(pages);
        this.told = how == DirtyLogging.RING ? new PageBits(pages) : known;
        if (how == DirtyLogging.FULL_BITMAP) {
            known.setAll(pages);
        }
    }

    boolean knows(int page) {
        return known.has(page);
    }

    void mark(int page) {
        if (known.set(page) && told != known) {
            DirtyRing ring = DirtyRing.current();
            if (ring == null || !ring.push(slot, page)) {
                told.set(page);
            }
        }
    }

    /// The bitmap as it is.
    long[] read() {
        return told.read();
    }

    long[] take() {
        long[] taken = told.take();
        if (told != known) {
            forget(known, 0, taken);
        }
        return taken;
    }

    /// Takes the knowledge of pages back: those whose bits are set in `pages`, whose first word is word `firstWord`.
    void clear(int firstWord, long[] pages) {
        forget(told, firstWord, pages);
        if (told != known) {
            forget(known, firstWord, pages);
        }
    }

    private static void forget(PageBits bits, int firstWord, long[] pages) {
        for (int i = 0; i < pages.length; i++) {
            if (pages[i] != 0) {
                bits.clear(firstWord + i, pages[i]);
            }
        }
    }

    /// Takes the knowledge of one page back that a ring has told of.
    void clear(long page) {
        if (page >>> 6 < known.length()) {
            known.clear((int) page);
        }
    }

    int words() {
        return known.length();
    }
}
