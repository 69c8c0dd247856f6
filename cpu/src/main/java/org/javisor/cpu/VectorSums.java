// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.LaneMultiply.unsignedByte;
import static org.javisor.cpu.LaneMultiply.unsignedWord;
import static org.javisor.cpu.LaneMultiply.words;
import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.store;

/// Integer operations that look across all 16 bytes.
final class VectorSums {
    private VectorSums() { }

    /// MPSADBW: eight sums of absolute differences of four bytes each: a sliding window over `a`, starting at
    /// byte 0 or 4 (immediate bit 2), against one of the doublewords of `b` (bits 1 and 0).
    static void multipleSumsOfDifferences(long to, long a, long b, int immediate) {
        int block = (int) (load(b + (immediate & 2) * 4) >>> (immediate & 1) * 32);
        long low = load(a);
        long high = load(a + 8);
        long window = (immediate & 4) == 0 ? low : low >>> 32 | high << 32;
        long later = (immediate & 4) == 0 ? low >>> 32 | high << 32 : high;
        store(to, fourSums(window, block), fourSums(later, block));
    }

    /// The sums for the four bytes from bytes 0, 1, 2 and 3 of `window` on.
    private static long fourSums(long window, int block) {
        return words(sum((int) window, block), sum((int) (window >>> 8), block),
                sum((int) (window >>> 16), block), sum((int) (window >>> 24), block));
    }

    private static int sum(int a, int b) {
        return difference(a, b, 0) + difference(a, b, 1) + difference(a, b, 2) + difference(a, b, 3);
    }

    private static int difference(int a, int b, int n) {
        return Math.abs(unsignedByte(a, n) - unsignedByte(b, n));
    }

    /// PHMINPOSUW: the least word of `b` and its index.
    static void minimumWord(long to, long a, long b) {
        long low = load(b);
        long high = load(b + 8);
        int least = 0x10000;
        int index = 0;
        for (int i = 0; i < 8; i++) {
            int word = unsignedWord(i < 4 ? low : high, i & 3);
            if (word < least) {
                least = word;
                index = i;
            }
        }
        store(to, least | index << 16, 0);
    }
}
