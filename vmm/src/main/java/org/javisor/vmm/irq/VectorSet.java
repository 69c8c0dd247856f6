// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;

/// A set of interrupt vectors, as the local APIC's IRR, ISR and TMR are: eight words of 32 bits, vector 0 in bit 0 of
/// word 0. Any thread may change any vector; each change is atomic.
final class VectorSet {
    static final int WORDS = 8;

    private final AtomicIntegerArray words = new AtomicIntegerArray(WORDS);

    /// @return whether it was not in the set
    boolean add(int vector) {
        int bit = 1 << (vector & 31);
        return (words.getAndAccumulate(vector >> 5, bit, (a, b) -> a | b) & bit) == 0;
    }

    /// @return whether it was in the set
    boolean remove(int vector) {
        int bit = 1 << (vector & 31);
        return (words.getAndAccumulate(vector >> 5, ~bit, (a, b) -> a & b) & bit) != 0;
    }

    boolean has(int vector) {
        return (words.get(vector >> 5) & 1 << (vector & 31)) != 0;
    }

    /// The highest vector of the set, or -1.
    int highest() {
        for (int i = WORDS - 1; i >= 0; i--) {
            int word = words.get(i);
            if (word != 0) {
                return 32 * i + 31 - Integer.numberOfLeadingZeros(word);
            }
        }
        return -1;
    }

    /// Vectors 32 × `index` to 32 × `index` + 31.
    int word(int index) {
        return words.get(index);
    }

    void clear() {
        for (int i = 0; i < WORDS; i++) {
            words.set(i, 0);
        }
    }

    List<Integer> words() {
        return IntStream.range(0, WORDS).mapToObj(words::get).toList();
    }

    void words(List<Integer> saved) {
        for (int i = 0; i < WORDS; i++) {
            words.set(i, saved.get(i));
        }
    }
}
