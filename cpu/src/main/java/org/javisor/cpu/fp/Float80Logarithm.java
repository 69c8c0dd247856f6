// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// FYL2X and FYL2XP1.
public final class Float80Logarithm {
    /// Below 2 to this, `1 + x` is not brought nearer to 1.
    private static final int NEAR_ONE = -7;

    private Float80Logarithm() { }

    /// `y × log2(x)`.
    public static void log2(Float80Context c, int yse, long y, int xse, long x) {
        if (Float80NaN.handles(c, yse, y, xse, x)) {
            return;
        }
        boolean xZero = Float80.isZero(xse, x);
        if ((xse & Float80.SIGN) != 0 && !xZero) {
            c.invalid();
            return;
        }
        if (xZero) {
            ofZero(c, yse, y);
            return;
        }
        boolean xIsOne = xse == Float80.BIAS && x == Float80.INTEGER_BIT;
        boolean logNegative = (xse & Float80.EXPONENT) < Float80.BIAS;
        if (isOrdinary(c, yse, y, xse, x, xIsOne, logNegative)) {
            Wide one = c.a.set(false, 0, Float80.normalized(x), 0);
            boolean exact = one.high == Float80.INTEGER_BIT;
            // Raised even where the logarithm is an integer.
            c.raised |= Float80Context.PE;
            logarithm(c, Float80.exponent(xse, x) - Float80.BIAS);
            c.b.multiply(c.c.set(yse, y)).round(c, exact);
            if ((c.se & Float80.EXPONENT) == 0) {
                c.raised |= Float80Context.UE;
            }
        }
    }

    private static void ofZero(Float80Context c, int yse, long y) {
        if (Float80.isZero(yse, y)) {
            c.invalid();
            return;
        }
        if (Float80.isInfinite(yse, y)) {
            c.noteDenormal(yse, y);
        } else {
            c.raised |= Float80Context.ZE;
        }
        c.result(yse & Float80.SIGN ^ Float80.SIGN | Float80.EXPONENT, Float80.INTEGER_BIT);
    }

    /// Handles infinities, and products with a factor of zero.
    ///
    /// @param logZero     whether the logarithm is zero
    /// @param logNegative its sign
    private static boolean isOrdinary(Float80Context c, int yse, long y, int xse, long x, boolean logZero,
                                      boolean logNegative) {
        boolean yInfinite = Float80.isInfinite(yse, y);
        boolean xInfinite = Float80.isInfinite(xse, x);
        boolean yZero = Float80.isZero(yse, y);
        if (yInfinite && logZero || yZero && xInfinite) {
            c.invalid();
            return false;
        }
        c.noteDenormal(yse, y);
        c.noteDenormal(xse, x);
        int sign = yse & Float80.SIGN ^ (logNegative ? Float80.SIGN : 0);
        if (yInfinite || xInfinite) {
            c.result(sign | Float80.EXPONENT, Float80.INTEGER_BIT);
            return false;
        }
        if (yZero || logZero) {
            c.result(sign, 0);
            return false;
        }
        return true;
    }

    /// Leaves in `c.b` the logarithm of `c.a × 2^exponent`, where `c.a` is 1 or more, and less than 2.
    private static void logarithm(Float80Context c, int exponent) {
        // A factor p/256 that brings the number near 1. Next to 1 it is 1, and next to 2 a half, so that
        // logarithms near 0 come from the series alone.
        int index = (int) (c.a.high >>> 56) & 127;
        int middle = 257 + 2 * index;
        int p = index == 0 ? 256 : index == 127 ? 128 : (65536 + middle / 2) / middle;
        Wide rest = c.a.multiply(c.b.setInteger(p));
        rest.exponent -= 8;
        rest.add(true, 0, Float80.INTEGER_BIT, 0);
        nearOne(c, rest);
        c.b.add(c.c.setInteger(exponent).add(WideConstants.MINUS_LOG2_OF_256THS[p - 128]));
    }

    /// Leaves in `c.b` the logarithm of `1 + x`: with `s = x / (2 + x)`, it is `2/ln 2 × (s + s³(1/3 + s²/5 +
    /// …))`.
    private static void nearOne(Float80Context c, Wide x) {
        if (x.isZero()) {
            c.b.set(x);
            return;
        }
        Wide s = c.c.set(x).divide(c.d.set(x).add(false, 1, Float80.INTEGER_BIT, 0));
        Wide square = c.d.set(s).multiply(s);
        Fraction128.evaluate(c.b, WideConstants.ARCTANGENT, square.fractionHigh(), square.fractionLow(),
                false);
        c.b.multiply(square).multiply(s).add(s).multiply(WideConstants.TWO_LOG2_E);
    }

    /// `y × log2(1 + x)`. For x of -1 or less, where the manual leaves it undefined, `x` itself.
    public static void log2Plus1(Float80Context c, int yse, long y, int xse, long x) {
        if (Float80NaN.handles(c, yse, y, xse, x)) {
            return;
        }
        boolean xNegative = (xse & Float80.SIGN) != 0;
        if (xNegative && Float80.isInfinite(xse, x)) {
            c.invalid();
            return;
        }
        if (isOrdinary(c, yse, y, xse, x, Float80.isZero(xse, x), xNegative)) {
            c.raised |= Float80Context.PE;
            if (xNegative && (xse & Float80.EXPONENT) >= Float80.BIAS) {
                c.result(xse, x);
                return;
            }
            c.a.set(xse, x);
            if (c.a.exponent < NEAR_ONE) {
                nearOne(c, c.a);
            } else {
                c.a.add(false, 0, Float80.INTEGER_BIT, 0);
                int exponent = c.a.exponent;
                c.a.exponent = 0;
                logarithm(c, exponent);
            }
            c.b.multiply(c.c.set(yse, y)).round(c, false);
        }
    }
}
