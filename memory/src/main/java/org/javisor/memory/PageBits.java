// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import java.util.concurrent.atomic.AtomicLongArray;

/// A bit for each page of a slot, page 0 in bit 0 of word 0. Any thread.
final class PageBits {
    private final AtomicLongArray words;

    PageBits(long pages) {
        words = new AtomicLongArray(Math.toIntExact(pages + 63 >>> 6));
    }

    boolean has(int page) {
        return (words.get(page >> 6) & 1L << page) != 0;
    }

    /// @return whether it was not set before
    boolean set(int page) {
        long bit = 1L << page;
        return (words.getAndAccumulate(page >> 6, bit, (a, b) -> a | b) & bit) == 0;
    }

    void clear(int page) {
        clear(page >> 6, 1L << page);
    }

    /// Clears the bits of `mask` in word `word`.
    void clear(int word, long mask) {
        words.getAndAccumulate(word, ~mask, (a, b) -> a & b);
    }

    void setAll(long pages) {
        for (int page = 0; page < pages; page++) {
            set(page);
        }
    }

    int length() {
        return words.length();
    }

    long[] read() {
        long[] copy = new long[words.length()];
        for (int i = 0; i < copy.length; i++) {
            copy[i] = words.get(i);
        }
        return copy;
    }

    /// Reads the bits and clears them in the same step, word by word.
    long[] take() {
        long[] taken = new long[words.length()];
        for (int i = 0; i < taken.length; i++) {
            taken[i] = words.getAndSet(i, 0);
        }
        return taken;
    }
}
