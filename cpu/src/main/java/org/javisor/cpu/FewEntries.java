// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// The instruction pointers that [CodeEntries] has of one aligned region, as long as they are few: what is forgotten of
/// it needs no search then. It is the region that was entered last of those of which nothing was known.
final class FewEntries {
    private static final int MOST = 8;
    /// Regions are larger than a byte, so that none has this number.
    private static final long NONE = -1;

    private final int shift;
    private final long[] rips = new long[MOST];
    private long region = NONE;
    private int count;

    /// @param shift regions are of `1 << shift` bytes
    FewEntries(int shift) {
        this.shift = shift;
    }

    /// @param first whether nothing of its region is known
    void add(long rip, boolean first) {
        if (first) {
            region = rip >>> shift;
            rips[0] = rip;
            count = 1;
        } else if (rip >>> shift == region && !contains(rip)) {
            if (count == MOST) {
                clear();
            } else {
                rips[count++] = rip;
            }
        }
    }

    private boolean contains(long rip) {
        for (int i = 0; i < count; i++) {
            if (rips[i] == rip) {
                return true;
            }
        }
        return false;
    }

    /// Whether these are all that is known of the region of `gva`.
    boolean has(long gva) {
        return gva >>> shift == region;
    }

    int count() {
        return count;
    }

    long rip(int n) {
        return rips[n];
    }

    void clear() {
        region = NONE;
        count = 0;
    }
}
