// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.javisor.host.HostMemory;

/// A bit for each page of a slot, page 0 in bit 0 of word 0. Any thread, and emitted code.
final class PageBits {
    private final MemorySegment words;
    private final int length;

    PageBits(long pages) {
        length = Math.toIntExact(pages + 63 >>> 6);
        words = Arena.ofAuto().allocate((long) length * Long.BYTES, Long.BYTES);
    }

    /// Where the words are, as long as this object is reachable.
    long hva() {
        return words.address();
    }

    private long at(int word) {
        return words.address() + (long) word * Long.BYTES;
    }

    private long word(int word) {
        return HostMemory.loadLongAcquire(at(word));
    }

    boolean has(int page) {
        return (word(page >> 6) & 1L << page) != 0;
    }

    /// @return whether it was not set before
    boolean set(int page) {
        long bit = 1L << page;
        return (change(page >> 6, bit, bit) & bit) == 0;
    }

    void clear(int page) {
        clear(page >> 6, 1L << page);
    }

    /// Clears the bits of `mask` in word `word`.
    void clear(int word, long mask) {
        change(word, mask, 0);
    }

    /// Has the bits of `mask` become those of `bits`, in one step.
    ///
    /// @return what was there
    private long change(int word, long mask, long bits) {
        while (true) {
            long old = word(word);
            if (HostMemory.compareAndSetLong(at(word), old, old & ~mask | bits)) {
                return old;
            }
        }
    }

    void setAll(long pages) {
        for (int page = 0; page < pages; page++) {
            set(page);
        }
    }

    int length() {
        return length;
    }

    long[] read() {
        long[] copy = new long[length];
        for (int i = 0; i < copy.length; i++) {
            copy[i] = word(i);
        }
        return copy;
    }

    /// Reads the bits and clears them in the same step, word by word.
    long[] take() {
        long[] taken = new long[length];
        for (int i = 0; i < taken.length; i++) {
            taken[i] = HostMemory.getAndSetLong(at(i), 0);
        }
        return taken;
    }
}
