// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import static org.javisor.cpu.fp.FloatContext.PE;
import static org.javisor.cpu.fp.FloatContext.TRUNCATE;
import static org.javisor.cpu.fp.FloatFormat.BINARY16;
import static org.javisor.cpu.fp.FloatFormat.BINARY32;

/// SSE arithmetic on single-precision numbers, given and returned as bits; see [Float64] for how. Products of
/// two significands fit a `double`, which makes remainders easy.
public final class Float32 {
    private static final int EXPONENT = 0xff << 23;
    private static final long UNSIGNED = 0xffff_ffffL;

    private Float32() { }

    private static float value(int bits) {
        return Float.intBitsToFloat(bits);
    }

    private static int bits(float value) {
        return Float.floatToRawIntBits(value);
    }

    /// Not denormal.
    private static boolean isNormalOrZero(int a) {
        return (a & EXPONENT) != 0 || a << 1 == 0;
    }

    /// Finite, and so large that no rounding can have brought it out of the denormal range.
    private static boolean isWellNormal(int a) {
        return Integer.compareUnsigned((a >>> 23 & 0xff) - 2, 0xff - 2) < 0;
    }

    /// Finite and not denormal.
    private static boolean isPlain(int a) {
        return isWellNormal(a) || a << 1 == 0;
    }

    private static boolean isFast(int a, int b, FloatContext context) {
        return context.roundsToNearest() && isNormalOrZero(a) && isNormalOrZero(b);
    }

    public static int add(int a, int b, FloatContext context) {
        if (isFast(a, b, context)) {
            float x = value(a);
            float y = value(b);
            float sum = x + y;
            int result = bits(sum);
            if (isWellNormal(result) || sum == 0) {
                if (!context.ignoresInexact() && sumRemainder(x, y, sum) != 0) {
                    context.raise(PE);
                }
                return result;
            }
        }
        return (int) SoftFloat.add(BINARY32, a & UNSIGNED, b & UNSIGNED, context);
    }

    public static int sub(int a, int b, FloatContext context) {
        if (isFast(a, b, context)) {
            float x = value(a);
            float y = value(b);
            float difference = x - y;
            int result = bits(difference);
            if (isWellNormal(result) || difference == 0) {
                if (!context.ignoresInexact() && sumRemainder(x, -y, difference) != 0) {
                    context.raise(PE);
                }
                return result;
            }
        }
        return (int) SoftFloat.sub(BINARY32, a & UNSIGNED, b & UNSIGNED, context);
    }

    /// `x + y - sum`, exactly (Knuth's TwoSum).
    private static float sumRemainder(float x, float y, float sum) {
        float roughY = sum - x;
        return x - (sum - roughY) + (y - roughY);
    }

    public static int mul(int a, int b, FloatContext context) {
        if (isFast(a, b, context)) {
            float product = value(a) * value(b);
            int result = bits(product);
            if (isWellNormal(result)) {
                if (!context.ignoresInexact() && (double) value(a) * value(b) != product) {
                    context.raise(PE);
                }
                return result;
            }
        }
        return (int) SoftFloat.mul(BINARY32, a & UNSIGNED, b & UNSIGNED, context);
    }

    public static int div(int a, int b, FloatContext context) {
        if (isFast(a, b, context)) {
            float quotient = value(a) / value(b);
            int result = bits(quotient);
            if (isWellNormal(result)) {
                if (!context.ignoresInexact() && (double) quotient * value(b) != value(a)) {
                    context.raise(PE);
                }
                return result;
            }
        }
        return (int) SoftFloat.div(BINARY32, a & UNSIGNED, b & UNSIGNED, context);
    }

    public static int sqrt(int a, FloatContext context) {
        if (context.roundsToNearest() && isWellNormal(a) && a > 0) {
            // The double root is correctly rounded with more than twice the bits, so rounding it again is,
            // too.
            float root = (float) Math.sqrt(value(a));
            if (!context.ignoresInexact() && (double) root * root != value(a)) {
                context.raise(PE);
            }
            return bits(root);
        }
        return (int) SoftFloat.sqrt(BINARY32, a & UNSIGNED, context);
    }

    public static int min(int a, int b, FloatContext context) {
        if (isPlain(a) && isPlain(b)) {
            return value(a) < value(b) ? a : b;
        }
        return (int) SoftComparison.choose(BINARY32, a & UNSIGNED, b & UNSIGNED, Relation.LESS, context);
    }

    public static int max(int a, int b, FloatContext context) {
        if (isPlain(a) && isPlain(b)) {
            return value(a) > value(b) ? a : b;
        }
        return (int) SoftComparison.choose(BINARY32, a & UNSIGNED, b & UNSIGNED, Relation.GREATER, context);
    }

    /// The [Relation] of `a` to `b`.
    ///
    /// @param signalling whether quiet NaNs are invalid, too
    public static int compare(int a, int b, boolean signalling, FloatContext context) {
        if (isPlain(a) && isPlain(b)) {
            float x = value(a);
            float y = value(b);
            return x < y ? Relation.LESS : x == y ? Relation.EQUAL : Relation.GREATER;
        }
        return SoftComparison.compare(BINARY32, a & UNSIGNED, b & UNSIGNED, signalling, context);
    }

    /// CMPPS: all ones if the predicate holds, else 0.
    public static int compareToMask(int a, int b, int predicate, FloatContext context) {
        return Relation.satisfies(compare(a, b, Relation.signals(predicate), context), predicate) ? -1 : 0;
    }

    // ---- conversions ----

    public static int fromLong(long value, FloatContext context) {
        if ((int) value == value && context.roundsToNearest()) {
            float single = value;
            // Both sides are exact as doubles.
            if ((double) single != value) {
                context.raise(PE);
            }
            return bits(single);
        }
        return (int) SoftConversion.fromInteger(BINARY32, value, context);
    }

    /// Rounded as MXCSR says.
    ///
    /// @param bits 32 or 64
    public static long toInteger(int a, int bits, FloatContext context) {
        double rounded = Math.rint(value(a));
        // 0 may be a denormal's.
        if (context.roundsToNearest() && rounded != 0 && Math.abs(rounded) < -(double) (-1L << bits - 1)) {
            if (rounded != value(a)) {
                context.raise(PE);
            }
            return (long) rounded;
        }
        return SoftConversion.toInteger(BINARY32, a & UNSIGNED, bits, context.rounding(), context);
    }

    /// Truncated.
    ///
    /// @param bits 32 or 64
    public static long toIntegerTruncated(int a, int bits, FloatContext context) {
        double x = value(a);
        long integer = bits == 32 ? (int) x : (long) x;
        // 0 may be a NaN's or denormal's, the extremes may be saturated.
        if (integer != 0 && integer != -1L << bits - 1 && integer != ~(-1L << bits - 1)) {
            if (integer != x) {
                context.raise(PE);
            }
            return integer;
        }
        return SoftConversion.toInteger(BINARY32, a & UNSIGNED, bits, TRUNCATE, context);
    }

    /// ROUNDPS: to an integer.
    ///
    /// @param mode the instruction's immediate: rounding, or bit 2 for that of MXCSR; bit 3 for no PE
    public static int roundToIntegral(int a, int mode, FloatContext context) {
        int rounding = (mode & 4) != 0 ? context.rounding() : mode & 3;
        boolean silent = (mode & 8) != 0;
        if (isWellNormal(a)) {
            float rounded = (float) Float64.integral(value(a), rounding);
            if (!silent && rounded != value(a)) {
                context.raise(PE);
            }
            return bits(rounded);
        }
        return (int) SoftConversion.toIntegral(BINARY32, a & UNSIGNED, rounding, silent, context);
    }

    // ---- approximations; they raise no flags and take denormals for zeros ----

    /// RCPPS: the reciprocal, with a relative error of at most 1.5 * 2^-12; what would be denormal is zero.
    public static int reciprocal(int a) {
        if ((a & EXPONENT) == 0) {
            return a & Integer.MIN_VALUE | EXPONENT;
        }
        if (BINARY32.isNaN(a & UNSIGNED)) {
            return a | (int) BINARY32.quiet;
        }
        int result = approximate(1.0 / value(a));
        return (result & EXPONENT) == 0 ? a & Integer.MIN_VALUE : result;
    }

    /// RSQRTPS: the reciprocal of the square root, likewise.
    public static int reciprocalSqrt(int a) {
        if ((a & EXPONENT) == 0) {
            return a & Integer.MIN_VALUE | EXPONENT;
        }
        if (BINARY32.isNaN(a & UNSIGNED)) {
            return a | (int) BINARY32.quiet;
        }
        return a < 0 ? (int) BINARY32.indefinite() : approximate(1.0 / Math.sqrt(value(a)));
    }

    /// Twelve bits of the fraction, as much as the tables of real processors give.
    private static int approximate(double value) {
        return bits((float) value) + (1 << 10) & -(1 << 11);
    }

    // ---- fused multiply-add ----

    /// `a * b + c` with one rounding.
    ///
    /// @param negated    whether the product is negated first
    /// @param subtracted whether `c` is subtracted
    public static int multiplyAdd(int a, int b, int c, boolean negated, boolean subtracted, FloatContext context) {
        if (isFast(a, b, context) && isNormalOrZero(c) && context.ignoresInexact()) {
            float result = Math.fma(negated ? -value(a) : value(a), value(b), subtracted ? -value(c) : value(c));
            if (isWellNormal(bits(result))) {
                return bits(result);
            }
        }
        return (int) SoftFusion.multiplyAdd(BINARY32, a & UNSIGNED, b & UNSIGNED, c & UNSIGNED, negated, subtracted,
                context);
    }

    // ---- half precision ----

    /// From half precision: exact. Denormal halves are neither zeros nor exceptions.
    public static int fromHalf(int half, FloatContext context) {
        if (BINARY16.isDenormal(half)) {
            return bits((half & 0x3ff) * 0x1p-24f) | half << 16 & 1 << 31;
        }
        return (int) SoftConversion.convert(BINARY16, BINARY32, half, context);
    }

    /// To half precision; tiny results are never flushed.
    ///
    /// @param mode the instruction's immediate: rounding, or bit 2 for that of MXCSR
    public static int toHalf(int a, int mode, FloatContext context) {
        context.keepTinyResults();
        if ((mode & 4) == 0) {
            context.roundTowards(mode & 3);
        }
        return (int) SoftConversion.convert(BINARY32, BINARY16, a & UNSIGNED, context);
    }
}
