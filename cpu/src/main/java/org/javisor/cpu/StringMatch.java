// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorOperands.load;

import org.javisor.host.HostMemory;

/// The comparison inside PCMPESTRI and its like: which elements of the second string match the first. Sets of
/// elements are bit masks; each element of the first string is compared with all of the second at once.
///
/// @sdm vol. 1 §12.10.3.2 "Aggregation Operation"
/// @sdm vol. 2B §4.1 "Imm8 Control Byte Operation for PCMPESTRI / ..."
final class StringMatch {
    private static final long EVERY_BYTE = 0x0101_0101_0101_0101L, EVERY_WORD = 0x0001_0001_0001_0001L;

    private StringMatch() { }

    static boolean hasWords(int control) {
        return (control & 1) != 0;
    }

    private static boolean isSigned(int control) {
        return (control & 2) != 0;
    }

    /// Elements in 16 bytes.
    static int count(int control) {
        return hasWords(control) ? 8 : 16;
    }

    /// The number of elements before the first that is zero.
    static int length(long at, int control) {
        return Integer.numberOfTrailingZeros(equal(at, 0, control) | 1 << count(control));
    }

    /// IntRes2: the elements of the string at `b` that match the one at `a`, after polarity.
    static int match(long a, int lengthA, long b, int lengthB, int control) {
        int all = (1 << count(control)) - 1;
        int validB = (1 << lengthB) - 1;
        int matches = switch (control >> 2 & 3) {
            case 0 -> equalAny(a, lengthA, b, control) & validB;
            case 1 -> ranges(a, lengthA, b, control) & validB;
            case 2 -> equalEach(a, b, control) & validB & (1 << lengthA) - 1
                    | all & -(1 << Math.max(lengthA, lengthB));
            default -> equalOrdered(a, lengthA, b, validB, control);
        };
        return switch (control >> 4 & 3) {
            case 1 -> matches ^ all;
            case 3 -> matches ^ validB;
            default -> matches;
        };
    }

    private static int equalAny(long a, int lengthA, long b, int control) {
        int matches = 0;
        for (int i = 0; i < lengthA; i++) {
            matches |= equal(b, element(a, i, control), control);
        }
        return matches;
    }

    private static int ranges(long a, int lengthA, long b, int control) {
        int matches = 0;
        for (int i = 0; i + 1 < lengthA; i += 2) {
            int below = greater(element(a, i, control), b, control);
            matches |= ~below & notAbove(b, element(a, i + 1, control), control);
        }
        return matches;
    }

    private static int equalEach(long a, long b, int control) {
        return hasWords(control)
                ? wordBits(LaneArithmetic.equalWords(load(a), load(b)),
                        LaneArithmetic.equalWords(load(a + 8), load(b + 8)))
                : byteBits(LaneArithmetic.equalBytes(load(a), load(b)),
                        LaneArithmetic.equalBytes(load(a + 8), load(b + 8)));
    }

    /// The places where the string at `a` starts in the one at `b`; what lies beyond the register is taken to
    /// match.
    private static int equalOrdered(long a, int lengthA, long b, int validB, int control) {
        int count = count(control);
        int matches = (1 << count) - 1;
        for (int i = 0; i < lengthA; i++) {
            int here = equal(b, element(a, i, control), control) & validB;
            matches &= here >> i | -(1 << count - i);
        }
        return matches;
    }

    // ---- one element against all ----

    private static long element(long at, int index, int control) {
        return hasWords(control)
                ? HostMemory.loadShort(at + 2 * index) & 0xffffL
                : HostMemory.loadByte(at + index) & 0xffL;
    }

    /// The elements at `at` that are `value`.
    private static int equal(long at, long value, int control) {
        if (hasWords(control)) {
            long all = value * EVERY_WORD;
            return wordBits(LaneArithmetic.equalWords(load(at), all),
                    LaneArithmetic.equalWords(load(at + 8), all));
        }
        long all = value * EVERY_BYTE;
        return byteBits(LaneArithmetic.equalBytes(load(at), all),
                LaneArithmetic.equalBytes(load(at + 8), all));
    }

    /// The elements at `at` that `value` is greater than.
    private static int greater(long value, long at, int control) {
        if (hasWords(control)) {
            long flip = isSigned(control) ? LaneArithmetic.W : 0;
            long all = value * EVERY_WORD ^ flip;
            return wordBits(LaneArithmetic.belowWords(load(at) ^ flip, all),
                    LaneArithmetic.belowWords(load(at + 8) ^ flip, all));
        }
        long flip = isSigned(control) ? LaneArithmetic.B : 0;
        long all = value * EVERY_BYTE ^ flip;
        return byteBits(LaneArithmetic.belowBytes(load(at) ^ flip, all),
                LaneArithmetic.belowBytes(load(at + 8) ^ flip, all));
    }

    /// The elements at `at` that are at most `value`.
    private static int notAbove(long at, long value, int control) {
        return greater(value, at, control) | equal(at, value, control);
    }

    private static int byteBits(long low, long high) {
        return LaneShuffle.topBits(low) | LaneShuffle.topBits(high) << 8;
    }

    private static int wordBits(long low, long high) {
        return wordBits(low) | wordBits(high) << 4;
    }

    private static int wordBits(long x) {
        return (int) (x >>> 15 & 1 | x >>> 30 & 2 | x >>> 45 & 4 | x >>> 60 & 8);
    }
}
