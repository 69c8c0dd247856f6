// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// FPATAN.
public final class Float80Arctangent {
    /// Beyond this distance of the exponents the nearest 32nd of the quotient is 0.
    private static final int FAR = 8;

    private Float80Arctangent() { }

    /// The angle of the point `(x, y)`.
    public static void arctangent(Float80Context c, int yse, long y, int xse, long x) {
        if (Float80NaN.handles(c, yse, y, xse, x)) {
            return;
        }
        c.noteDenormal(yse, y);
        c.noteDenormal(xse, x);
        boolean left = (xse & Float80.SIGN) != 0;
        if (Float80.isInfinite(yse, y)) {
            axis(c, yse, Float80.isInfinite(xse, x)
                    ? left ? WideConstants.THREE_QUARTERS_PI : WideConstants.QUARTER_PI
                    : WideConstants.HALF_PI);
        } else if (y == 0 || Float80.isInfinite(xse, x)) {
            if (left) {
                axis(c, yse, WideConstants.PI);
            } else {
                c.result(yse & Float80.SIGN, 0);
            }
        } else if (x == 0) {
            axis(c, yse, WideConstants.HALF_PI);
        } else {
            general(c, yse, y, xse, x);
        }
    }

    private static void axis(Float80Context c, int yse, Wide angle) {
        Wide result = c.a.set(angle);
        result.negative = (yse & Float80.SIGN) != 0;
        result.round(c, false);
    }

    private static void general(Float80Context c, int yse, long y, int xse, long x) {
        Wide vertical = c.a.set(yse & Float80.EXPONENT, y);
        Wide horizontal = c.b.set(xse & Float80.EXPONENT, x);
        boolean steep = vertical.exponent > horizontal.exponent || vertical.exponent == horizontal.exponent
                && Long.compareUnsigned(vertical.high, horizontal.high) > 0;
        Wide angle = steep ? ofQuotient(c, horizontal, vertical) : ofQuotient(c, vertical, horizontal);
        // A quotient that needs no rounding is still not the angle.
        if (steep) {
            angle.negate().add(WideConstants.HALF_PI);
        }
        if ((xse & Float80.SIGN) != 0) {
            angle.negate().add(WideConstants.PI);
        }
        angle.negative = (yse & Float80.SIGN) != 0;
        angle.round(c, false);
    }

    /// The arctangent of `a/b`, which is 1 at most: that of the nearest 32nd plus that of
    /// `(a - k/32·b) / (b + k/32·a)`.
    private static Wide ofQuotient(Float80Context c, Wide a, Wide b) {
        int k = nearest32nd(a, b);
        Wide rest = c.c.set(a);
        if (k != 0) {
            Wide step = c.d.setInteger(k);
            step.exponent -= 5;
            Wide divisor = c.e.set(step).multiply(a).add(b);
            rest.set(step).multiply(b).negate().add(a).divide(divisor);
        } else {
            rest.divide(b);
        }
        return seriesOf(c, rest).add(WideConstants.ARCTANGENT_OF_32NDS[k]);
    }

    private static int nearest32nd(Wide a, Wide b) {
        int distance = b.exponent - a.exponent;
        if (distance > FAR) {
            return 0;
        }
        return (int) Math.rint(32.0 * (a.high >>> 11) / (b.high >>> 11) / (1 << distance));
    }

    /// `x - x³(1/3 - x²/5 + …)`.
    private static Wide seriesOf(Float80Context c, Wide x) {
        if (x.isZero()) {
            return x;
        }
        Wide square = c.d.set(x).multiply(x);
        Fraction128.evaluate(c.e, WideConstants.ARCTANGENT, square.fractionHigh(), square.fractionLow(),
                true);
        return c.e.multiply(square).multiply(x).negate().add(x);
    }
}
