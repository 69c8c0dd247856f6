// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Arrays;

/// A set of indices of a table, to go through those entries alone: `for (i = s.first(); i >= 0; i = s.next(i))`.
final class IndexSet {
    private final long[] words;
    /// Which words are not 0, by bit: most of a large table is mostly not used.
    private final long[] used;

    /// @param size how many indices there are, a multiple of 64
    IndexSet(int size) {
        words = new long[size / Long.SIZE];
        used = new long[(words.length + Long.SIZE - 1) / Long.SIZE];
    }

    void add(int index) {
        int word = index / Long.SIZE;
        words[word] |= 1L << index;
        used[word / Long.SIZE] |= 1L << word;
    }

    void remove(int index) {
        int word = index / Long.SIZE;
        words[word] &= ~(1L << index);
        if (words[word] == 0) {
            used[word / Long.SIZE] &= ~(1L << word);
        }
    }

    boolean contains(int index) {
        return (words[index / Long.SIZE] >>> index & 1) != 0;
    }

    void clear() {
        for (int word = usedFrom(0); word >= 0; word = usedFrom(word + 1)) {
            words[word] = 0;
        }
        Arrays.fill(used, 0);
    }

    /// The lowest index, or -1.
    int first() {
        return firstFrom(0);
    }

    /// The lowest index from `index` on, or -1.
    int from(int index) {
        return index == 0 ? first() : next(index - 1);
    }

    /// The lowest index above `index`, or -1. That may have been removed.
    int next(int index) {
        long rest = index % Long.SIZE == Long.SIZE - 1 ? 0 : words[index / Long.SIZE] & -2L << index;
        return rest != 0 ? (index & -Long.SIZE) + Long.numberOfTrailingZeros(rest) : firstFrom(index / Long.SIZE + 1);
    }

    /// The lowest index in one of the words from `word` on, or -1.
    private int firstFrom(int word) {
        int at = usedFrom(word);
        return at < 0 ? -1 : at * Long.SIZE + Long.numberOfTrailingZeros(words[at]);
    }

    /// The first word from `word` on that is not 0, or -1.
    private int usedFrom(int word) {
        for (int at = word / Long.SIZE; at < used.length; at++) {
            long rest = at == word / Long.SIZE ? used[at] & -1L << word : used[at];
            if (rest != 0) {
                return at * Long.SIZE + Long.numberOfTrailingZeros(rest);
            }
        }
        return -1;
    }
}
