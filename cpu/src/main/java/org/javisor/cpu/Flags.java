// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// The six arithmetic flags, kept so that setting them costs two stores and reading one costs a few instructions,
/// whatever instruction set them.
///
/// ```
/// RESULT  the result, sign-extended to 64 bits: ZF, SF, and PF from its low byte
/// AUX     63 62 ........ 15..8 ..... 3 .... 0
///         CF │           PD          AF     SD
///            └ CF xor OF
/// ```
/// SD inverts SF, and PD is xored into the byte whose parity is taken, so that flag combinations that no result has
/// (after POPF) can be expressed.
final class Flags {
    static final int CF = 1, PF = 1 << 2, AF = 1 << 4, ZF = 1 << 6, SF = 1 << 7, TF = 1 << 8, IF = 1 << 9,
            DF = 1 << 10, OF = 1 << 11, IOPL = 3 << 12, NT = 1 << 14, RF = 1 << 16, VM = 1 << 17, AC = 1 << 18,
            VIF = 1 << 19, VIP = 1 << 20, ID = 1 << 21;
    /// The flags that this class keeps.
    static final int ARITHMETIC = CF | PF | AF | ZF | SF | OF;

    /// AF in AUX.
    static final int AUX_AF = 1 << 3;
    private static final int AUX_SD = 1;

    private Flags() { }

    /// Sign-extends the low `bytes` bytes.
    static long signExtend(long value, int bytes) {
        int shift = 64 - 8 * bytes;
        return value << shift >> shift;
    }

    /// AUX from the carries out of each bit of a `bytes`-wide addition or subtraction.
    private static long aux(long carries, int bytes) {
        return carries << 64 - 8 * bytes & 0xc000_0000_0000_0000L | carries & AUX_AF;
    }

    /// AUX of `a + b (+ carry) = sum`.
    static long auxOfAdd(long a, long b, long sum, int bytes) {
        return aux(a & b | (a | b) & ~sum, bytes);
    }

    /// AUX of `a - b (- borrow) = difference`.
    static long auxOfSub(long a, long b, long difference, int bytes) {
        return aux(~a & b | ~(a ^ b) & difference, bytes);
    }

    /// AUX with the CF of `old` and everything else, OF too, of `aux`.
    static long withCarryOf(long aux, long old) {
        long difference = (aux ^ old) & 1L << 63;
        return aux ^ (difference | difference >>> 1);
    }

    /// AUX with the given CF and OF.
    static long withCarryAndOverflow(long aux, boolean cf, boolean of) {
        return aux << 2 >>> 2 | (cf ? 1L << 63 : 0) | (cf != of ? 1L << 62 : 0);
    }


    static boolean zf(long result) {
        return result == 0;
    }

    static boolean sf(long result, long aux) {
        return (result < 0) != ((aux & AUX_SD) != 0);
    }

    static boolean cf(long aux) {
        return aux < 0;
    }

    static boolean of(long aux) {
        return (aux ^ aux << 1) < 0;
    }

    /// SF differs from OF: the signed comparison that set the flags found less.
    static boolean less(long result, long aux) {
        return (result ^ aux ^ aux << 1 ^ aux << 63) < 0;
    }

    static boolean af(long aux) {
        return (aux & AUX_AF) != 0;
    }

    static boolean pf(long result, long aux) {
        return (Integer.bitCount((int) (result ^ aux >>> 8) & 0xff) & 1) == 0;
    }

    /// The arithmetic flags as bits of RFLAGS.
    static int pack(long result, long aux) {
        return (cf(aux) ? CF : 0) | (pf(result, aux) ? PF : 0) | (af(aux) ? AF : 0) | (zf(result) ? ZF : 0)
                | (sf(result, aux) ? SF : 0) | (of(aux) ? OF : 0);
    }

    /// RESULT for the given RFLAGS bits; to be stored together with [#unpackAux].
    static long unpackResult(int flags) {
        return (flags & ZF) != 0 ? 0 : 1;
    }

    static long unpackAux(int flags) {
        boolean cf = (flags & CF) != 0;
        boolean of = (flags & OF) != 0;
        // RESULT is 0 (even parity) or 1 (odd), and never negative.
        boolean odd = (flags & PF) == 0;
        boolean resultOdd = (flags & ZF) == 0;
        return (cf ? 1L << 63 : 0) | (cf != of ? 1L << 62 : 0) | (odd != resultOdd ? 1L << 8 : 0)
                | ((flags & AF) != 0 ? AUX_AF : 0) | ((flags & SF) != 0 ? AUX_SD : 0);
    }
}
