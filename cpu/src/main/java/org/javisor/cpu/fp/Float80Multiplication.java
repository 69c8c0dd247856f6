// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// FMUL and FDIV.
public final class Float80Multiplication {
    private Float80Multiplication() { }

    /// `a * b`.
    public static void multiply(Float80Context c, int ase, long a, int bse, long b) {
        int sign = (ase ^ bse) & Float80.SIGN;
        if (Float80.isNormal(ase, a) && Float80.isNormal(bse, b)) {
            product(c, sign, (ase & Float80.EXPONENT) + (bse & Float80.EXPONENT), a, b);
        } else {
            multiplyUnusual(c, sign, ase, a, bse, b);
        }
    }

    private static void multiplyUnusual(Float80Context c, int sign, int ase, long a, int bse, long b) {
        if (Float80NaN.handles(c, ase, a, bse, b)) {
            return;
        }
        boolean infinite = Float80.isInfinite(ase, a) || Float80.isInfinite(bse, b);
        if (infinite && (Float80.isZero(ase, a) || Float80.isZero(bse, b))) {
            c.invalid();
            return;
        }
        c.noteDenormal(ase, a);
        c.noteDenormal(bse, b);
        if (infinite) {
            c.result(sign | Float80.EXPONENT, Float80.INTEGER_BIT);
        } else if (a == 0 || b == 0) {
            c.result(sign, 0);
        } else {
            product(c, sign, Float80.exponent(ase, a) + Float80.exponent(bse, b),
                    Float80.normalized(a), Float80.normalized(b));
        }
    }

    private static void product(Float80Context c, int sign, int exponents, long a, long b) {
        long high = Math.unsignedMultiplyHigh(a, b);
        long low = a * b;
        // The product's first bit may be 0.
        int shift = (int) (~high >>> 63);
        Float80Rounding.round(c, sign, exponents - Float80.BIAS + 1 - shift,
                high << shift | low >>> 1 >>> 63 - shift, low << shift);
    }

    /// `a / b`.
    public static void divide(Float80Context c, int ase, long a, int bse, long b) {
        int sign = (ase ^ bse) & Float80.SIGN;
        if (Float80.isNormal(ase, a) && Float80.isNormal(bse, b)) {
            quotient(c, sign, (ase & Float80.EXPONENT) - (bse & Float80.EXPONENT), a, b);
        } else {
            divideUnusual(c, sign, ase, a, bse, b);
        }
    }

    private static void divideUnusual(Float80Context c, int sign, int ase, long a, int bse, long b) {
        if (Float80NaN.handles(c, ase, a, bse, b)) {
            return;
        }
        boolean aInfinite = Float80.isInfinite(ase, a);
        boolean bInfinite = Float80.isInfinite(bse, b);
        boolean bZero = Float80.isZero(bse, b);
        if (aInfinite && bInfinite || bZero && Float80.isZero(ase, a)) {
            c.invalid();
            return;
        }
        if (bZero && !aInfinite) {
            c.raised |= Float80Context.ZE;
            c.result(sign | Float80.EXPONENT, Float80.INTEGER_BIT);
            return;
        }
        c.noteDenormal(ase, a);
        c.noteDenormal(bse, b);
        if (aInfinite) {
            c.result(sign | Float80.EXPONENT, Float80.INTEGER_BIT);
        } else if (bInfinite || a == 0) {
            c.result(sign, 0);
        } else {
            quotient(c, sign, Float80.exponent(ase, a) - Float80.exponent(bse, b),
                    Float80.normalized(a), Float80.normalized(b));
        }
    }

    private static void quotient(Float80Context c, int sign, int exponents, long a, long b) {
        int exponent = exponents + Float80.BIAS;
        long high;
        long low;
        if (Long.compareUnsigned(a, b) >= 0) {
            high = a >>> 1;
            low = a << 63;
        } else {
            high = a;
            low = 0;
            exponent--;
        }
        long quotient = UInt128.divide(high, low, b);
        long rest = low - quotient * b;
        Float80Rounding.round(c, sign, exponent, quotient, rest == 0 ? 0 : nextBits(rest, b));
    }

    /// What follows a quotient: whether the remainder is half of the divisor, more, or less. (Never 0.)
    private static long nextBits(long rest, long divisor) {
        if (rest < 0) {
            return -1;
        }
        int order = Long.compareUnsigned(rest << 1, divisor);
        return order > 0 ? -1 : order == 0 ? Long.MIN_VALUE : 1;
    }
}
