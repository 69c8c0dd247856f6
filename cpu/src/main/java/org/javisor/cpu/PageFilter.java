// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Remembers pages, but not exactly: it knows for sure only of most others that they are not among them. So a table
/// need not be searched for a page that was never entered.
final class PageFilter {
    private static final int INDEX_BITS = 12;

    private final int shift;
    private final IndexSet set = new IndexSet(1 << INDEX_BITS);

    /// @param shift pages are of `1 << shift` bytes
    PageFilter(int shift) {
        this.shift = shift;
    }

    private int index(long gva) {
        long page = gva >>> shift;
        return (int) (page ^ page >>> INDEX_BITS) & (1 << INDEX_BITS) - 1;
    }

    void add(long gva) {
        set.add(index(gva));
    }

    boolean mayContain(long gva) {
        return set.contains(index(gva));
    }

    void clear() {
        set.clear();
    }
}
