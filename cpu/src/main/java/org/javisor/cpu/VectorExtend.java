// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.store;

/// Widening of the low lanes of `b` to 16 bytes: PMOVSX and PMOVZX.
final class VectorExtend {
    private VectorExtend() { }

    static void unsignedBytesToWords(long to, long a, long b) {
        long x = load(b);
        store(to, LaneShuffle.unpackLowBytes(x, 0), LaneShuffle.unpackHighBytes(x, 0));
    }

    static void signedBytesToWords(long to, long a, long b) {
        long x = load(b);
        long signs = LaneArithmetic.fillBytes(x);
        store(to, LaneShuffle.unpackLowBytes(x, signs), LaneShuffle.unpackHighBytes(x, signs));
    }

    static void unsignedWordsToDwords(long to, long a, long b) {
        long x = load(b);
        store(to, LaneShuffle.unpackLowWords(x, 0), LaneShuffle.unpackHighWords(x, 0));
    }

    static void signedWordsToDwords(long to, long a, long b) {
        long x = load(b);
        long signs = LaneArithmetic.fillWords(x);
        store(to, LaneShuffle.unpackLowWords(x, signs), LaneShuffle.unpackHighWords(x, signs));
    }

    static void unsignedDwordsToQwords(long to, long a, long b) {
        long x = load(b);
        store(to, x & 0xffff_ffffL, x >>> 32);
    }

    static void signedDwordsToQwords(long to, long a, long b) {
        long x = load(b);
        store(to, (int) x, x >> 32);
    }

    static void unsignedBytesToDwords(long to, long a, long b) {
        long words = LaneShuffle.unpackLowBytes(load(b), 0);
        store(to, LaneShuffle.unpackLowWords(words, 0), LaneShuffle.unpackHighWords(words, 0));
    }

    static void signedBytesToDwords(long to, long a, long b) {
        long x = load(b);
        store(to, LaneMultiply.dwords((byte) x, (byte) (x >> 8)),
                LaneMultiply.dwords((byte) (x >> 16), (byte) (x >> 24)));
    }

    static void unsignedBytesToQwords(long to, long a, long b) {
        long x = load(b);
        store(to, x & 0xff, x >>> 8 & 0xff);
    }

    static void signedBytesToQwords(long to, long a, long b) {
        long x = load(b);
        store(to, (byte) x, (byte) (x >> 8));
    }

    static void unsignedWordsToQwords(long to, long a, long b) {
        long x = load(b);
        store(to, x & 0xffff, x >>> 16 & 0xffff);
    }

    static void signedWordsToQwords(long to, long a, long b) {
        long x = load(b);
        store(to, (short) x, (short) (x >> 16));
    }
}
