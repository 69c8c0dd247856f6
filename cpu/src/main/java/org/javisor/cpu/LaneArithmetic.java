// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Integer arithmetic on 8 bytes taken as lanes of 1, 2, 4 or 8 bytes, all at once where a `long` allows it.
///
/// The names of the masks: [#B], [#W] and [#D] have the top bit of every byte, word and doubleword. Sums that
/// stay clear of the top bit cannot carry into the next lane; the top bit itself is added by xor.
final class LaneArithmetic {
    static final long B = 0x8080_8080_8080_8080L, W = 0x8000_8000_8000_8000L, D = 0x8000_0000_8000_0000L;
    private static final long LOW_BYTES = 0x00ff_00ff_00ff_00ffL;

    private LaneArithmetic() { }

    // ---- building blocks; `top` is B, W or D ----

    static long add(long a, long b, long top) {
        return (a & ~top) + (b & ~top) ^ (a ^ b) & top;
    }

    static long sub(long a, long b, long top) {
        return (a | top) - (b & ~top) ^ (a ^ ~b) & top;
    }

    private static long carry(long a, long b, long sum) {
        return a & b | (a | b) & ~sum;
    }

    private static long borrow(long a, long b, long difference) {
        return ~a & b | ~(a ^ b) & difference;
    }

    /// All-ones lanes where `bits` has the lane's top bit; the other bits of `bits` do not matter.
    static long fillBytes(long bits) {
        return (bits >>> 7 & 0x0101_0101_0101_0101L) * 0xff;
    }

    static long fillWords(long bits) {
        return (bits >>> 15 & 0x0001_0001_0001_0001L) * 0xffff;
    }

    static long fillDwords(long bits) {
        return (bits >>> 31 & 0x0000_0001_0000_0001L) * 0xffff_ffffL;
    }

    // ---- wrapping ----

    static long addBytes(long a, long b) {
        return add(a, b, B);
    }

    static long addWords(long a, long b) {
        return add(a, b, W);
    }

    static long addDwords(long a, long b) {
        return add(a, b, D);
    }

    static long addQwords(long a, long b) {
        return a + b;
    }

    static long subBytes(long a, long b) {
        return sub(a, b, B);
    }

    static long subWords(long a, long b) {
        return sub(a, b, W);
    }

    static long subDwords(long a, long b) {
        return sub(a, b, D);
    }

    static long subQwords(long a, long b) {
        return a - b;
    }

    // ---- saturating ----

    static long addUnsignedBytes(long a, long b) {
        long sum = add(a, b, B);
        return sum | fillBytes(carry(a, b, sum));
    }

    static long addUnsignedWords(long a, long b) {
        long sum = add(a, b, W);
        return sum | fillWords(carry(a, b, sum));
    }

    static long subUnsignedBytes(long a, long b) {
        long difference = sub(a, b, B);
        return difference & ~fillBytes(borrow(a, b, difference));
    }

    static long subUnsignedWords(long a, long b) {
        long difference = sub(a, b, W);
        return difference & ~fillWords(borrow(a, b, difference));
    }

    static long addSignedBytes(long a, long b) {
        long sum = add(a, b, B);
        long overflow = fillBytes(~(a ^ b) & (a ^ sum));
        return sum & ~overflow | saturatedBytes(a) & overflow;
    }

    static long addSignedWords(long a, long b) {
        long sum = add(a, b, W);
        long overflow = fillWords(~(a ^ b) & (a ^ sum));
        return sum & ~overflow | saturatedWords(a) & overflow;
    }

    static long subSignedBytes(long a, long b) {
        long difference = sub(a, b, B);
        long overflow = fillBytes((a ^ b) & (a ^ difference));
        return difference & ~overflow | saturatedBytes(a) & overflow;
    }

    static long subSignedWords(long a, long b) {
        long difference = sub(a, b, W);
        long overflow = fillWords((a ^ b) & (a ^ difference));
        return difference & ~overflow | saturatedWords(a) & overflow;
    }

    /// The extreme value with the sign of each lane of `a`.
    private static long saturatedBytes(long a) {
        return ~B + (a >>> 7 & 0x0101_0101_0101_0101L);
    }

    private static long saturatedWords(long a) {
        return ~W + (a >>> 15 & 0x0001_0001_0001_0001L);
    }

    // ---- comparisons: all-ones or all-zeros lanes ----

    private static long nonZero(long x, long top) {
        return (x & ~top) + ~top | x;
    }

    static long equalBytes(long a, long b) {
        return fillBytes(~nonZero(a ^ b, B));
    }

    static long equalWords(long a, long b) {
        return fillWords(~nonZero(a ^ b, W));
    }

    static long equalDwords(long a, long b) {
        return fillDwords(~nonZero(a ^ b, D));
    }

    static long equalQwords(long a, long b) {
        return a == b ? -1 : 0;
    }

    static long belowBytes(long a, long b) {
        return fillBytes(borrow(a, b, sub(a, b, B)));
    }

    static long belowWords(long a, long b) {
        return fillWords(borrow(a, b, sub(a, b, W)));
    }

    static long belowDwords(long a, long b) {
        return fillDwords(borrow(a, b, sub(a, b, D)));
    }

    static long greaterBytes(long a, long b) {
        return belowBytes(b ^ B, a ^ B);
    }

    static long greaterWords(long a, long b) {
        return belowWords(b ^ W, a ^ W);
    }

    static long greaterDwords(long a, long b) {
        return belowDwords(b ^ D, a ^ D);
    }

    static long greaterQwords(long a, long b) {
        return a > b ? -1 : 0;
    }

    // ---- minimum and maximum ----

    private static long pick(long a, long b, long mask) {
        return b ^ (a ^ b) & mask;
    }

    static long minUnsignedBytes(long a, long b) {
        return pick(a, b, belowBytes(a, b));
    }

    static long minUnsignedWords(long a, long b) {
        return pick(a, b, belowWords(a, b));
    }

    static long minUnsignedDwords(long a, long b) {
        return pick(a, b, belowDwords(a, b));
    }

    static long minSignedBytes(long a, long b) {
        return pick(b, a, greaterBytes(a, b));
    }

    static long minSignedWords(long a, long b) {
        return pick(b, a, greaterWords(a, b));
    }

    static long minSignedDwords(long a, long b) {
        return pick(b, a, greaterDwords(a, b));
    }

    static long maxUnsignedBytes(long a, long b) {
        return pick(b, a, belowBytes(a, b));
    }

    static long maxUnsignedWords(long a, long b) {
        return pick(b, a, belowWords(a, b));
    }

    static long maxUnsignedDwords(long a, long b) {
        return pick(b, a, belowDwords(a, b));
    }

    static long maxSignedBytes(long a, long b) {
        return pick(a, b, greaterBytes(a, b));
    }

    static long maxSignedWords(long a, long b) {
        return pick(a, b, greaterWords(a, b));
    }

    static long maxSignedDwords(long a, long b) {
        return pick(a, b, greaterDwords(a, b));
    }

    // ---- averages, absolute values, signs ----

    static long averageBytes(long a, long b) {
        return (a | b) - ((a ^ b) >>> 1 & ~B);
    }

    static long averageWords(long a, long b) {
        return (a | b) - ((a ^ b) >>> 1 & ~W);
    }

    static long absoluteBytes(long a) {
        long negative = fillBytes(a);
        return sub(a ^ negative, negative, B);
    }

    static long absoluteWords(long a) {
        long negative = fillWords(a);
        return sub(a ^ negative, negative, W);
    }

    static long absoluteDwords(long a) {
        long negative = fillDwords(a);
        return sub(a ^ negative, negative, D);
    }

    static long signBytes(long a, long b) {
        long negative = fillBytes(b);
        return sub(a ^ negative, negative, B) & ~equalBytes(b, 0);
    }

    static long signWords(long a, long b) {
        long negative = fillWords(b);
        return sub(a ^ negative, negative, W) & ~equalWords(b, 0);
    }

    static long signDwords(long a, long b) {
        long negative = fillDwords(b);
        return sub(a ^ negative, negative, D) & ~equalDwords(b, 0);
    }

    /// PSADBW: the sum of the absolute differences of eight bytes.
    static long sumOfDifferences(long a, long b) {
        long below = belowBytes(a, b);
        long difference = sub(pick(b, a, below), pick(a, b, below), B);
        long pairs = (difference & LOW_BYTES) + (difference >>> 8 & LOW_BYTES);
        return pairs * 0x0001_0001_0001_0001L >>> 48;
    }

    // ---- logic ----

    static long and(long a, long b) {
        return a & b;
    }

    static long andNot(long a, long b) {
        return ~a & b;
    }

    static long or(long a, long b) {
        return a | b;
    }

    static long xor(long a, long b) {
        return a ^ b;
    }
}
