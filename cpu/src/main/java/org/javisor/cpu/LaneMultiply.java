// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Multiplication, horizontal addition and packing on 8 bytes.
final class LaneMultiply {
    private static final long BYTE_SIGNS = 0x0080_0080_0080_0080L, LOW_BYTES = 0x00ff_00ff_00ff_00ffL;

    private LaneMultiply() { }

    /// Word `n` of `x`, sign-extended.
    static int word(long x, int n) {
        return (short) (x >>> 16 * n);
    }

    static int unsignedWord(long x, int n) {
        return (int) (x >>> 16 * n) & 0xffff;
    }

    /// Byte `n` of `x`, sign-extended.
    private static int signedByte(long x, int n) {
        return (byte) (x >>> 8 * n);
    }

    static int unsignedByte(long x, int n) {
        return (int) (x >>> 8 * n) & 0xff;
    }

    /// Four words from the low 16 bits of each.
    static long words(int w0, int w1, int w2, int w3) {
        return w0 & 0xffffL | (w1 & 0xffffL) << 16 | (w2 & 0xffffL) << 32 | (long) w3 << 48;
    }

    static long dwords(int d0, int d1) {
        return d0 & 0xffff_ffffL | (long) d1 << 32;
    }

    // ---- multiplication ----

    static long mulLowWords(long a, long b) {
        return words(word(a, 0) * word(b, 0), word(a, 1) * word(b, 1), word(a, 2) * word(b, 2),
                word(a, 3) * word(b, 3));
    }

    static long mulHighWords(long a, long b) {
        return words(word(a, 0) * word(b, 0) >> 16, word(a, 1) * word(b, 1) >> 16,
                word(a, 2) * word(b, 2) >> 16, word(a, 3) * word(b, 3) >> 16);
    }

    static long mulHighUnsignedWords(long a, long b) {
        return words(unsignedWord(a, 0) * unsignedWord(b, 0) >>> 16,
                unsignedWord(a, 1) * unsignedWord(b, 1) >>> 16,
                unsignedWord(a, 2) * unsignedWord(b, 2) >>> 16,
                unsignedWord(a, 3) * unsignedWord(b, 3) >>> 16);
    }

    /// PMULHRSW: the product's bits 30 to 15, rounded.
    static long mulRoundedWords(long a, long b) {
        return words(mulRounded(word(a, 0), word(b, 0)), mulRounded(word(a, 1), word(b, 1)),
                mulRounded(word(a, 2), word(b, 2)), mulRounded(word(a, 3), word(b, 3)));
    }

    private static int mulRounded(int a, int b) {
        return (a * b >> 14) + 1 >> 1;
    }

    static long mulLowDwords(long a, long b) {
        return dwords((int) a * (int) b, (int) (a >>> 32) * (int) (b >>> 32));
    }

    /// PMULUDQ: the product of the low doublewords.
    static long mulUnsignedDwords(long a, long b) {
        return (a & 0xffff_ffffL) * (b & 0xffff_ffffL);
    }

    /// PMULDQ.
    static long mulSignedDwords(long a, long b) {
        return (long) (int) a * (int) b;
    }

    /// PMADDWD: sums of two products of words.
    static long mulAddWords(long a, long b) {
        return dwords(word(a, 0) * word(b, 0) + word(a, 1) * word(b, 1),
                word(a, 2) * word(b, 2) + word(a, 3) * word(b, 3));
    }

    /// PMADDUBSW: saturated sums of two products of unsigned bytes of `a` and signed bytes of `b`.
    static long mulAddBytes(long a, long b) {
        return words(mulAddBytes(a, b, 0), mulAddBytes(a, b, 2), mulAddBytes(a, b, 4), mulAddBytes(a, b, 6));
    }

    private static int mulAddBytes(long a, long b, int n) {
        return saturateWord(unsignedByte(a, n) * signedByte(b, n)
                + unsignedByte(a, n + 1) * signedByte(b, n + 1));
    }

    // ---- horizontal: the low half of the result from `a`, the high half from `b` ----

    static long addPairsWords(long a, long b) {
        return words(word(a, 0) + word(a, 1), word(a, 2) + word(a, 3), word(b, 0) + word(b, 1),
                word(b, 2) + word(b, 3));
    }

    static long addPairsDwords(long a, long b) {
        return dwords((int) a + (int) (a >>> 32), (int) b + (int) (b >>> 32));
    }

    static long addPairsSaturated(long a, long b) {
        return words(saturateWord(word(a, 0) + word(a, 1)), saturateWord(word(a, 2) + word(a, 3)),
                saturateWord(word(b, 0) + word(b, 1)), saturateWord(word(b, 2) + word(b, 3)));
    }

    static long subPairsWords(long a, long b) {
        return words(word(a, 0) - word(a, 1), word(a, 2) - word(a, 3), word(b, 0) - word(b, 1),
                word(b, 2) - word(b, 3));
    }

    static long subPairsDwords(long a, long b) {
        return dwords((int) a - (int) (a >>> 32), (int) b - (int) (b >>> 32));
    }

    static long subPairsSaturated(long a, long b) {
        return words(saturateWord(word(a, 0) - word(a, 1)), saturateWord(word(a, 2) - word(a, 3)),
                saturateWord(word(b, 0) - word(b, 1)), saturateWord(word(b, 2) - word(b, 3)));
    }

    // ---- packing: the low half of the result from `a`, the high half from `b` ----

    /// PACKSSWB: as [#packUnsignedWords], shifted by 128 and back.
    static long packSignedWords(long a, long b) {
        return packUnsignedWords(LaneArithmetic.addSignedWords(a, BYTE_SIGNS),
                LaneArithmetic.addSignedWords(b, BYTE_SIGNS))
                ^ LaneArithmetic.B;
    }

    static long packUnsignedWords(long a, long b) {
        return packUnsignedBytes(a) | packUnsignedBytes(b) << 32;
    }

    private static long packUnsignedBytes(long x) {
        long positive = x & ~LaneArithmetic.fillWords(x);
        // The sum's sign is set where the word is above 255.
        long tooLarge = LaneArithmetic.fillWords((positive & ~LOW_BYTES) + ~LaneArithmetic.W);
        long words = (positive | tooLarge) & LOW_BYTES;
        long pairs = (words | words >>> 8) & 0x0000_ffff_0000_ffffL;
        return (pairs | pairs >>> 16) & 0xffff_ffffL;
    }

    static long packSignedDwords(long a, long b) {
        return words(saturateWord((int) a), saturateWord((int) (a >>> 32)), saturateWord((int) b),
                saturateWord((int) (b >>> 32)));
    }

    static long packUnsignedDwords(long a, long b) {
        return words(clamp((int) a, 0, 0xffff), clamp((int) (a >>> 32), 0, 0xffff), clamp((int) b, 0, 0xffff),
                clamp((int) (b >>> 32), 0, 0xffff));
    }

    private static int saturateWord(int x) {
        return clamp(x, Short.MIN_VALUE, Short.MAX_VALUE);
    }

    private static int clamp(int x, int least, int most) {
        return Math.min(Math.max(x, least), most);
    }
}
