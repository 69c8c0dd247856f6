// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Arrays;

/// A set of indices of a table, to go through those entries alone: `for (i = s.first(); i >= 0; i = s.next(i))`.
final class IndexSet {
    private final long[] words;

    /// @param size how many indices there are, a multiple of 64
    IndexSet(int size) {
        words = new long[size / Long.SIZE];
    }

    void add(int index) {
        words[index / Long.SIZE] |= 1L << index;
    }

    void remove(int index) {
        words[index / Long.SIZE] &= ~(1L << index);
    }

    boolean contains(int index) {
        return (words[index / Long.SIZE] >>> index & 1) != 0;
    }

    void clear() {
        Arrays.fill(words, 0);
    }

    /// The lowest index, or -1.
    int first() {
        return from(0, -1L);
    }

    /// The lowest index above `index`, or -1. That may have been removed.
    int next(int index) {
        return from(index / Long.SIZE, index % Long.SIZE == Long.SIZE - 1 ? 0 : -2L << index);
    }

    private int from(int word, long mask) {
        long rest = words[word] & mask;
        int at = word;
        while (rest == 0) {
            if (++at == words.length) {
                return -1;
            }
            rest = words[at];
        }
        return at * Long.SIZE + Long.numberOfTrailingZeros(rest);
    }
}
