// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// F2XM1.
public final class Float80Exponential {
    private Float80Exponential() { }

    /// `2^x - 1` for x from -1 to 1. Beyond, where the manual leaves it undefined, `x` itself.
    public static void exp2Minus1(Float80Context c, int se, long significand) {
        if (Float80NaN.handles(c, se, significand)) {
            return;
        }
        if (Float80.isInfinite(se, significand)) {
            boolean negative = (se & Float80.SIGN) != 0;
            c.result(negative ? Float80.SIGN | Float80.BIAS : se, significand);
            return;
        }
        c.noteDenormal(se, significand);
        if (significand == 0 || (se & Float80.EXPONENT) >= Float80.BIAS) {
            edge(c, se, significand);
        } else {
            general(c, se, significand);
        }
    }

    private static void edge(Float80Context c, int se, long significand) {
        if (significand != 0) {
            c.raised |= Float80Context.PE;
        }
        boolean minusOne = se == (Float80.SIGN | Float80.BIAS) && significand == Float80.INTEGER_BIT;
        c.result(minusOne ? se - 1 : se, significand);
    }

    /// With `x = k/32 + r` and `e = 2^r - 1`: `t + t·e + e`, where `t = 2^(k/32) - 1`.
    private static void general(Float80Context c, int se, long significand) {
        Wide x = c.a.set(se, significand);
        int k = nearest32nd(x);
        if (k != 0) {
            Wide step = c.b.setInteger(-k);
            step.exponent -= 5;
            x.add(step);
        }
        Wide table = WideConstants.EXP2_MINUS_1_OF_32NDS[k + 32];
        if (x.isZero()) {
            c.a.set(table).round(c, false);
            return;
        }
        Wide small = expMinus1(c, x.multiply(WideConstants.LN_2));
        c.a.set(small).multiply(table).add(small).add(table).round(c, false);
    }

    private static int nearest32nd(Wide x) {
        if (x.exponent < -6) {
            return 0;
        }
        int k = (int) ((x.high >>> -x.exponent + 63 - 6) + 1 >>> 1);
        return x.negative ? -k : k;
    }

    /// `x + x²(1/2! + x/3! + x²/4! …)`.
    private static Wide expMinus1(Float80Context c, Wide x) {
        Fraction128.evaluate(c.b, WideConstants.EXPONENTIAL, x.fractionHigh(), x.fractionLow(), x.negative);
        return c.b.multiply(x).multiply(x).add(x);
    }
}
