// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Arrays;

/// Remembers pages, but not exactly: it knows for sure only of most others that they are not among them. So a table
/// need not be searched for a page that was never entered, nor again for one that has been removed.
final class PageFilter {
    static final int INDEX_BITS = 12;
    /// The golden ratio's part of 2^32, and which bits of the product with it are the index: pages side by side, and
    /// those of which one is a round number, have different ones.
    static final int HASH = 0x61c8_8647, HASH_SHIFT = 32 - INDEX_BITS;
    /// Addresses have 64 bits, so that no page has such a number.
    private static final long NONE = -1, SEVERAL = -2;

    private final int shift;
    private final IndexSet used = new IndexSet(1 << INDEX_BITS);
    /// The page that has been added at an index.
    private final long[] pages = new long[1 << INDEX_BITS];
    /// Between which entries of the table the parts of the pages are that have been added at an index.
    private final short[] lowest = new short[1 << INDEX_BITS], highest = new short[1 << INDEX_BITS];

    /// @param shift pages are of `1 << shift` bytes
    PageFilter(int shift) {
        this.shift = shift;
        Arrays.fill(pages, NONE);
    }

    static int index(long page) {
        return (int) (page * HASH >>> HASH_SHIFT) & (1 << INDEX_BITS) - 1;
    }

    void add(long gva) {
        add(gva, 0);
    }

    /// @param entry of the table, less than 32768
    void add(long gva, int entry) {
        long page = gva >>> shift;
        int index = index(page);
        if (pages[index] == NONE) {
            pages[index] = page;
            used.add(index);
            lowest[index] = (short) entry;
            highest[index] = (short) entry;
            return;
        }
        if (pages[index] != page) {
            pages[index] = SEVERAL;
        }
        lowest[index] = (short) Math.min(lowest[index], entry);
        highest[index] = (short) Math.max(highest[index], entry);
    }

    /// No entry below this one is of a page that may be contained.
    int lowest(long gva) {
        return lowest[index(gva >>> shift)];
    }

    /// Nor one above this.
    int highest(long gva) {
        return highest[index(gva >>> shift)];
    }

    boolean mayContain(long gva) {
        long page = gva >>> shift;
        long known = pages[index(page)];
        return known == page || known == SEVERAL;
    }

    /// Whether a page may be contained that has the same [#index] as that of `gva`.
    boolean mayHaveLike(long gva) {
        return pages[index(gva >>> shift)] != NONE;
    }

    /// Nothing of the page is left in the table.
    void remove(long gva) {
        long page = gva >>> shift;
        int index = index(page);
        if (pages[index] == page) {
            pages[index] = NONE;
            used.remove(index);
        }
    }

    void clear() {
        for (int i = used.first(); i >= 0; i = used.next(i)) {
            pages[i] = NONE;
        }
        used.clear();
    }
}
