// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import static org.javisor.cpu.fp.Float80Context.C2;

/// FSIN, FCOS, FSINCOS and FPTAN.
///
/// Arguments are reduced with a π of 66 bits, as the processors do: it is part of what the instructions
/// compute.
///
/// @sdm vol. 1 §8.3.8 "Approximation of Pi"
public final class Float80Trigonometry {
    /// π/2 in units of 2^-65.
    private static final long HALF_PI_HIGH = 0x3, HALF_PI_LOW = 0x243f_6a88_85a3_08d3L;
    /// Biased exponents: of values that may exceed π/4, and of those too large to reduce.
    private static final int REDUCIBLE = Float80.BIAS - 1, TOO_LARGE = Float80.BIAS + 63;

    private Float80Trigonometry() { }

    /// Whether the argument is 2^63 or more: then the instruction sets C2 and does nothing else.
    public static boolean isTooLarge(int se, long significand) {
        int exponent = se & Float80.EXPONENT;
        return exponent >= TOO_LARGE && exponent != Float80.EXPONENT && significand < 0;
    }

    public static void sine(Float80Context c, int se, long significand) {
        if (isOrdinary(c, se, significand, se)) {
            int quadrant = reduce(c.a, se, significand);
            sineOrCosine(c, quadrant).round(c, false);
        }
    }

    public static void cosine(Float80Context c, int se, long significand) {
        if (isOrdinary(c, se, significand, -1)) {
            int quadrant = reduce(c.a, se & Float80.EXPONENT, significand) + 1;
            sineOrCosine(c, quadrant).round(c, false);
        }
    }

    public static void tangent(Float80Context c, int se, long significand) {
        if (isOrdinary(c, se, significand, se)) {
            int quadrant = reduce(c.a, se, significand);
            Wide sine = sineOf(c.b, c.a, c.d);
            Wide cosine = cosineOf(c.c, c.a, c.d);
            if ((quadrant & 1) == 0) {
                sine.divide(cosine).round(c, false);
            } else {
                cosine.divide(sine).negate().round(c, false);
            }
        }
    }

    /// Handles arguments with special results.
    ///
    /// @param zeroResult what the function is at zero: that zero itself, or -1 for 1
    private static boolean isOrdinary(Float80Context c, int se, long significand, int zeroResult) {
        if (Float80NaN.handles(c, se, significand)) {
            return false;
        }
        if (isTooLarge(se, significand)) {
            c.raised |= C2;
            c.result(se, significand);
            return false;
        }
        if (Float80.isInfinite(se, significand)) {
            c.invalid();
            return false;
        }
        if (significand == 0) {
            c.result(zeroResult < 0 ? Float80.BIAS : zeroResult, zeroResult < 0 ? Float80.INTEGER_BIT : 0);
            return false;
        }
        c.noteDenormal(se, significand);
        return true;
    }

    /// Leaves `x - quadrant × π/2`, of magnitude π/4 at most, in `rest`.
    ///
    /// @return the quadrant, modulo 4 at least
    private static int reduce(Wide rest, int se, long significand) {
        int exponent = se & Float80.EXPONENT;
        if (exponent < REDUCIBLE || exponent == REDUCIBLE
                && Long.compareUnsigned(significand, HALF_PI_HIGH << 62 | HALF_PI_LOW >>> 2) <= 0) {
            rest.set(se, significand);
            return 0;
        }
        long high = 0;
        long low = significand;
        int quotient = 0;
        for (int bits = exponent - Float80.BIAS + 2; bits > 0; bits--) {
            high = high << 1 | low >>> 63;
            low <<= 1;
            quotient <<= 1;
            if (high > HALF_PI_HIGH || high == HALF_PI_HIGH && Long.compareUnsigned(low, HALF_PI_LOW) >= 0) {
                high -= HALF_PI_HIGH + (Long.compareUnsigned(low, HALF_PI_LOW) < 0 ? 1 : 0);
                low -= HALF_PI_LOW;
                quotient++;
            }
        }
        boolean negative = (se & Float80.SIGN) != 0;
        setScaled(rest, negative, high, low);
        if (exceedsHalf(high, low)) {
            rest.add(!negative, 0, HALF_PI_HIGH << 62 | HALF_PI_LOW >>> 2, HALF_PI_LOW << 62);
            quotient++;
        }
        return negative ? -quotient : quotient;
    }

    private static boolean exceedsHalf(long high, long low) {
        long half = HALF_PI_HIGH << 63 | HALF_PI_LOW >>> 1;
        return high > 1 || high == 1 && Long.compareUnsigned(low, half) > 0;
    }

    /// `high:low × 2^-65`, where `high` has two bits.
    private static void setScaled(Wide rest, boolean negative, long high, long low) {
        rest.setFraction(high << 62 | low >>> 2, low << 62);
        rest.exponent++;
        rest.negative = negative;
    }

    /// The sine of `quadrant × π/2` plus what `c.a` holds.
    private static Wide sineOrCosine(Float80Context c, int quadrant) {
        Wide result = (quadrant & 1) == 0 ? sineOf(c.b, c.a, c.d) : cosineOf(c.b, c.a, c.d);
        return (quadrant & 2) == 0 ? result : result.negate();
    }

    /// `x - x³(1/3! - x²/5! + …)`.
    private static Wide sineOf(Wide result, Wide x, Wide square) {
        square.set(x).multiply(x);
        Fraction128.evaluate(result, WideConstants.SINE, square.fractionHigh(), square.fractionLow(), true);
        return result.multiply(square).multiply(x).negate().add(x);
    }

    /// `1 - x²(1/2! - x²/4! + …)`.
    private static Wide cosineOf(Wide result, Wide x, Wide square) {
        square.set(x).multiply(x);
        Fraction128.evaluate(result, WideConstants.COSINE, square.fractionHigh(), square.fractionLow(), true);
        return result.multiply(square).negate().add(false, 0, Float80.INTEGER_BIT, 0);
    }
}
