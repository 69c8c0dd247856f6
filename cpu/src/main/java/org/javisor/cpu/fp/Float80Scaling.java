// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// FSCALE and FXTRACT.
public final class Float80Scaling {
    /// Beyond any exponent there is: scaling by more yields infinity or zero.
    private static final int HUGE = 0x10000;

    private Float80Scaling() { }

    /// `a × 2^trunc(b)`.
    public static void scale(Float80Context c, int ase, long a, int bse, long b) {
        if (Float80NaN.handles(c, ase, a, bse, b)) {
            return;
        }
        if (Float80.isInfinite(bse, b)) {
            scaleByInfinity(c, ase, a, (bse & Float80.SIGN) != 0);
            return;
        }
        c.noteDenormal(ase, a);
        c.noteDenormal(bse, b);
        if (Float80.isInfinite(ase, a) || a == 0) {
            c.result(ase, a);
            return;
        }
        Float80Rounding.roundExtended(c, ase & Float80.SIGN, Float80.exponent(ase, a) + truncated(bse, b),
                Float80.normalized(a), 0);
    }

    private static void scaleByInfinity(Float80Context c, int ase, long a, boolean down) {
        boolean fixedPoint = down ? Float80.isInfinite(ase, a) : Float80.isZero(ase, a);
        if (fixedPoint) {
            c.invalid();
            return;
        }
        c.noteDenormal(ase, a);
        int sign = ase & Float80.SIGN;
        if (down) {
            c.result(sign, 0);
        } else {
            c.result(sign | Float80.EXPONENT, Float80.INTEGER_BIT);
        }
    }

    /// The integer part, limited to ±[#HUGE].
    private static int truncated(int se, long significand) {
        int exponent = (se & Float80.EXPONENT) - Float80.BIAS;
        if (exponent < 0) {
            return 0;
        }
        int magnitude = exponent >= 16 ? HUGE : (int) (significand >>> 63 - exponent);
        return (se & Float80.SIGN) != 0 ? -magnitude : magnitude;
    }

    /// FXTRACT's first result, the unbiased exponent of a value as a number; raises what the instruction
    /// does.
    public static void exponent(Float80Context c, int se, long significand) {
        if (Float80NaN.handles(c, se, significand)) {
            return;
        }
        if (Float80.isZero(se, significand)) {
            c.raised |= Float80Context.ZE;
            c.result(Float80.SIGN | Float80.EXPONENT, Float80.INTEGER_BIT);
        } else if (Float80.isInfinite(se, significand)) {
            c.result(Float80.EXPONENT, Float80.INTEGER_BIT);
        } else {
            c.noteDenormal(se, significand);
            Float80Integer.fromLong(c, Float80.exponent(se, significand) - Float80.BIAS);
        }
    }

    /// FXTRACT's second result: the significand as a number of magnitude 1 to 2.
    public static void significand(Float80Context c, int se, long significand) {
        if (Float80NaN.handles(c, se, significand)) {
            return;
        }
        if (Float80.isZero(se, significand) || Float80.isInfinite(se, significand)) {
            c.result(se, significand);
        } else {
            c.result(se & Float80.SIGN | Float80.BIAS, Float80.normalized(significand));
        }
    }
}
