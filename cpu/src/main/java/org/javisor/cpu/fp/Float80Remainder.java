// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import static org.javisor.cpu.fp.Float80Context.C0;
import static org.javisor.cpu.fp.Float80Context.C1;
import static org.javisor.cpu.fp.Float80Context.C2;
import static org.javisor.cpu.fp.Float80Context.C3;

/// FPREM and FPREM1: exact remainders, in several rounds when the exponents are far apart.
public final class Float80Remainder {
    private Float80Remainder() { }

    /// FPREM: the remainder of `a / b` with the quotient rounded towards zero, or part of it with C2 set.
    public static void truncating(Float80Context c, int ase, long a, int bse, long b) {
        remainder(c, ase, a, bse, b, false);
    }

    /// FPREM1: the quotient is rounded to nearest.
    public static void nearest(Float80Context c, int ase, long a, int bse, long b) {
        remainder(c, ase, a, bse, b, true);
    }

    private static void remainder(Float80Context c, int ase, long a, int bse, long b, boolean nearest) {
        if (Float80NaN.handles(c, ase, a, bse, b)) {
            return;
        }
        if (Float80.isInfinite(ase, a) || Float80.isZero(bse, b)) {
            c.invalid();
            return;
        }
        c.noteDenormal(ase, a);
        c.noteDenormal(bse, b);
        if (a == 0) {
            c.result(ase, a);
            return;
        }
        int exponent = Float80.exponent(ase, a);
        int distance = Float80.isInfinite(bse, b) ? -2 : exponent - Float80.exponent(bse, b);
        long significand = Float80.normalized(a);
        int sign = ase & Float80.SIGN;
        if (distance < (nearest ? -1 : 0)) {
            Float80Rounding.roundExtended(c, sign, exponent, significand, 0);
        } else if (distance < 64) {
            complete(c, sign, exponent, significand, Float80.normalized(b), distance, nearest);
        } else {
            partial(c, sign, exponent, significand, Float80.normalized(b), distance);
        }
    }

    /// Divides as far as it goes: `distance` is at most 63, so the quotient has at most 64 bits.
    private static void complete(Float80Context c, int sign, int exponent, long a, long b, int distance,
                                 boolean nearest) {
        long quotient = 0;
        long rest = a;
        int restExponent = exponent;
        if (distance >= 0) {
            quotient = quotient(a, b, distance);
            rest = rest(a, b, distance, quotient);
            restExponent = exponent - distance;
        }
        int restSign = sign;
        if (nearest && exceedsHalf(rest, b, distance, quotient)) {
            quotient++;
            // With b's exponent, `a` has one bit more behind the point where it was the smaller by a factor
            // of two.
            rest = distance < 0 ? (b << 1) - rest : b - rest;
            restSign ^= Float80.SIGN;
        }
        c.raised |= codes(quotient);
        deliver(c, restSign, restExponent, rest);
    }

    /// `a × 2^distance / b`, both normalized.
    private static long quotient(long a, long b, int distance) {
        boolean first = Long.compareUnsigned(a, b) >= 0;
        long rest = first ? a - b : a;
        long lower = distance == 0 ? 0 : UInt128.divide(rest >>> 64 - distance, rest << distance, b);
        return lower + (first ? 1L << distance : 0);
    }

    private static long rest(long a, long b, int distance, long quotient) {
        return (a << distance) - quotient * b;
    }

    /// Whether the rest is more than half of the divisor, or half of it and the quotient odd.
    private static boolean exceedsHalf(long rest, long b, int distance, long quotient) {
        if (distance < 0) {
            // The rest is a, half as large as its significand looks beside b's: half of b is where both are
            // equal.
            return Long.compareUnsigned(rest, b) > 0;
        }
        int order = Long.compareUnsigned(rest, b - rest);
        return order > 0 || order == 0 && (quotient & 1) != 0;
    }

    private static int codes(long quotient) {
        return ((quotient & 4) != 0 ? C0 : 0) | ((quotient & 2) != 0 ? C3 : 0)
                | ((quotient & 1) != 0 ? C1 : 0);
    }

    /// Takes 32 to 63 bits off the exponents' distance.
    private static void partial(Float80Context c, int sign, int exponent, long a, long b, int distance) {
        int bits = distance & 31 | 32;
        long quotient = quotient(a, b, bits);
        c.raised |= C2;
        deliver(c, sign, exponent - bits, rest(a, b, bits, quotient));
    }

    private static void deliver(Float80Context c, int sign, int exponent, long rest) {
        if (rest == 0) {
            c.result(sign, 0);
        } else {
            int shift = Long.numberOfLeadingZeros(rest);
            int codes = c.raised;
            Float80Rounding.roundExtended(c, sign, exponent - shift, rest << shift, 0);
            c.raised |= codes;
        }
    }
}
