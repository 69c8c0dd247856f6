// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Rearrangement of lanes within 8 bytes.
final class LaneShuffle {
    private static final long B = LaneArithmetic.B;

    private LaneShuffle() { }

    // ---- interleaving: lanes of `a` and `b` in turn, from the low or high 4 bytes of each ----

    static long unpackLowBytes(long a, long b) {
        return spreadBytes(a & 0xffff_ffffL) | spreadBytes(b & 0xffff_ffffL) << 8;
    }

    static long unpackHighBytes(long a, long b) {
        return spreadBytes(a >>> 32) | spreadBytes(b >>> 32) << 8;
    }

    /// Four bytes to the low halves of four words.
    private static long spreadBytes(long x) {
        long words = spreadWords(x);
        return (words | words << 8) & 0x00ff_00ff_00ff_00ffL;
    }

    static long unpackLowWords(long a, long b) {
        return spreadWords(a & 0xffff_ffffL) | spreadWords(b & 0xffff_ffffL) << 16;
    }

    static long unpackHighWords(long a, long b) {
        return spreadWords(a >>> 32) | spreadWords(b >>> 32) << 16;
    }

    /// Two words to the low halves of two doublewords.
    private static long spreadWords(long x) {
        return (x | x << 16) & 0x0000_ffff_0000_ffffL;
    }

    static long unpackLowDwords(long a, long b) {
        return a & 0xffff_ffffL | b << 32;
    }

    static long unpackHighDwords(long a, long b) {
        return a >>> 32 | b & 0xffff_ffff_0000_0000L;
    }

    static long first(long a, long b) {
        return a;
    }

    static long second(long a, long b) {
        return b;
    }

    // ---- selection ----

    /// PSHUFW: each word of the result is the word of `a` that two bits of `order` name.
    static long shuffleWords(long a, int order) {
        return word(a, order) | word(a, order >> 2) << 16 | word(a, order >> 4) << 32
                | word(a, order >> 6) << 48;
    }

    private static long word(long a, int index) {
        return a >>> (index & 3) * 16 & 0xffff;
    }

    /// PSHUFB on 8 bytes: each byte is that of `a` which the byte of `indices` names, or 0 if its top bit is
    /// set.
    static long shuffleBytes(long a, long indices) {
        long result = 0;
        for (int i = 0; i < 64; i += 8) {
            result |= (a >>> (indices >>> i & 7) * 8 & 0xff) << i;
        }
        return result & ~LaneArithmetic.fillBytes(indices);
    }

    /// One bit for each byte: its top bit.
    static int topBits(long a) {
        // The product's top byte collects bit 8i of the first factor shifted by 56 - 7i; no two terms meet.
        return (int) (((a & B) >>> 7) * 0x0102_0408_1020_4080L >>> 56);
    }
}
