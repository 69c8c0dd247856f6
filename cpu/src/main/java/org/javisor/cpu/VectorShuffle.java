// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.store;

import org.javisor.host.HostMemory;

/// Rearrangement of lanes across 16 bytes.
final class VectorShuffle {
    private static final long LOW_DWORD = 0xffff_ffffL;

    private VectorShuffle() { }

    /// Doubleword `index & 3` of `high:low`.
    private static long dword(long low, long high, int index) {
        return ((index & 2) == 0 ? low : high) >>> (index & 1) * 32 & LOW_DWORD;
    }

    /// PSHUFD.
    static void dwords(long to, long a, long b, int order) {
        long low = load(b);
        long high = load(b + 8);
        store(to, dword(low, high, order) | dword(low, high, order >> 2) << 32,
                dword(low, high, order >> 4) | dword(low, high, order >> 6) << 32);
    }

    /// SHUFPS: two doublewords of `a`, then two of `b`.
    static void shufflePs(long to, long a, long b, int order) {
        long a0 = load(a);
        long a1 = load(a + 8);
        long b0 = load(b);
        long b1 = load(b + 8);
        store(to, dword(a0, a1, order) | dword(a0, a1, order >> 2) << 32,
                dword(b0, b1, order >> 4) | dword(b0, b1, order >> 6) << 32);
    }

    /// SHUFPD.
    static void shufflePd(long to, long a, long b, int order) {
        store(to, load(a + (order & 1) * 8), load(b + (order & 2) * 4));
    }

    /// PSHUFLW.
    static void lowWords(long to, long a, long b, int order) {
        store(to, LaneShuffle.shuffleWords(load(b), order), load(b + 8));
    }

    /// PSHUFHW.
    static void highWords(long to, long a, long b, int order) {
        store(to, load(b), LaneShuffle.shuffleWords(load(b + 8), order));
    }

    /// PSHUFB: each byte of the result is that of `a` which the byte of `b` names, or 0 if its top bit is
    /// set.
    static void bytes(long to, long a, long b) {
        long indices = load(b);
        long upperIndices = load(b + 8);
        long low = select(a, indices);
        long high = select(a, upperIndices);
        store(to, low, high);
    }

    private static long select(long a, long indices) {
        long result = 0;
        for (int i = 0; i < 64; i += 8) {
            result |= (HostMemory.loadByte(a + (indices >>> i & 15)) & 0xffL) << i;
        }
        return result & ~LaneArithmetic.fillBytes(indices);
    }

    /// PALIGNR: 16 bytes from byte `by` on of `b` with `a` above it.
    static void alignRight(long to, long a, long b, int by) {
        long b0 = load(b);
        long b1 = load(b + 8);
        long a0 = load(a);
        long a1 = load(a + 8);
        int bits = (by & 7) * 8;
        switch (by >> 3) {
            case 0 -> store(to, concatenated(b0, b1, bits), concatenated(b1, a0, bits));
            case 1 -> store(to, concatenated(b1, a0, bits), concatenated(a0, a1, bits));
            case 2 -> store(to, concatenated(a0, a1, bits), a1 >>> bits);
            case 3 -> store(to, a1 >>> bits, 0);
            default -> store(to, 0, 0);
        }
    }

    /// PALIGNR on MMX registers.
    static long alignRightMmx(long a, long b, int by) {
        int bits = (by & 7) * 8;
        return switch (by >> 3) {
            case 0 -> concatenated(b, a, bits);
            case 1 -> a >>> bits;
            default -> 0;
        };
    }

    /// 8 bytes from bit `bits` (0 to 56) on of `low` with `high` above it.
    private static long concatenated(long low, long high, int bits) {
        return bits == 0 ? low : low >>> bits | high << 64 - bits;
    }

    /// PSLLDQ.
    static void leftBytes(long to, long a, int by) {
        long low = load(a);
        long high = load(a + 8);
        int bits = (by & 7) * 8;
        if (by < 8) {
            store(to, low << bits, bits == 0 ? high : high << bits | low >>> 64 - bits);
        } else {
            store(to, 0, by < 16 ? low << bits : 0);
        }
    }

    /// PSRLDQ.
    static void rightBytes(long to, long a, int by) {
        long low = load(a);
        long high = load(a + 8);
        int bits = (by & 7) * 8;
        if (by < 8) {
            store(to, concatenated(low, high, bits), high >>> bits);
        } else {
            store(to, by < 16 ? high >>> bits : 0, 0);
        }
    }

    // ---- blending ----

    /// PBLENDW.
    static void blendWords(long to, long a, long b, int mask) {
        blend(to, a, b, spread(mask, 4) * 0xffff, spread(mask >> 4, 4) * 0xffff);
    }

    /// BLENDPS.
    static void blendPs(long to, long a, long b, int mask) {
        blend(to, a, b, spread(mask, 2) * LOW_DWORD, spread(mask >> 2, 2) * LOW_DWORD);
    }

    /// BLENDPD.
    static void blendPd(long to, long a, long b, int mask) {
        blend(to, a, b, -(mask & 1L), -(mask >> 1 & 1L));
    }

    /// The low `count` bits of `mask`, one to the bottom of each of `count` lanes of 8 bytes.
    private static long spread(int mask, int count) {
        long bits = 0;
        for (int i = 0; i < count; i++) {
            bits |= (mask >> i & 1L) << i * (64 / count);
        }
        return bits;
    }

    /// Bits of `b` where the mask is set, else of `a`.
    static void blend(long to, long a, long b, long lowMask, long highMask) {
        long low = load(a) & ~lowMask | load(b) & lowMask;
        long high = load(a + 8) & ~highMask | load(b + 8) & highMask;
        store(to, low, high);
    }

    /// INSERTPS: a doubleword of `b` into a place of `a`; then the doublewords named by the low bits are
    /// cleared.
    ///
    /// @param source the doubleword
    static void insertPs(long to, long a, int source, int immediate) {
        long low = load(a);
        long high = load(a + 8);
        int shift = (immediate >> 4 & 1) * 32;
        long place = LOW_DWORD << shift;
        long value = (source & LOW_DWORD) << shift;
        if ((immediate & 0x20) == 0) {
            low = low & ~place | value;
        } else {
            high = high & ~place | value;
        }
        store(to, low & ~(spread(immediate, 2) * LOW_DWORD), high & ~(spread(immediate >> 2, 2) * LOW_DWORD));
    }

    // ---- duplication ----

    /// MOVSLDUP.
    static void duplicateEven(long to, long a, long b) {
        long low = load(b) & LOW_DWORD;
        long high = load(b + 8) & LOW_DWORD;
        store(to, low | low << 32, high | high << 32);
    }

    /// MOVSHDUP.
    static void duplicateOdd(long to, long a, long b) {
        long low = load(b) >>> 32;
        long high = load(b + 8) >>> 32;
        store(to, low | low << 32, high | high << 32);
    }

    /// MOVDDUP.
    static void duplicateLow(long to, long a, long b) {
        long low = load(b);
        store(to, low, low);
    }
}
