// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import static org.javisor.cpu.fp.FloatContext.DOWN;
import static org.javisor.cpu.fp.FloatContext.NEAREST;
import static org.javisor.cpu.fp.FloatContext.PE;
import static org.javisor.cpu.fp.FloatContext.TRUNCATE;
import static org.javisor.cpu.fp.FloatContext.UP;
import static org.javisor.cpu.fp.FloatFormat.BINARY32;
import static org.javisor.cpu.fp.FloatFormat.BINARY64;

/// SSE arithmetic on double-precision numbers, given and returned as bits.
///
/// Java's own arithmetic is IEEE 754's with rounding to nearest. It is used when no flag but PE can come of
/// it: operands that are normal or zero, and a result well inside the normal range, where MXCSR's DAZ, FZ and
/// masks do not matter either. Whether the result was exact is then found from the remainder, which is a
/// `double` itself; unless PE is set already. Everything else is [SoftFloat]'s.
public final class Float64 {
    private static final long EXPONENT = 0x7ffL << 52;
    /// Remainders of products and quotients are exact from this biased exponent on.
    private static final int EXACT_REMAINDER = 110;

    private Float64() { }

    private static double value(long bits) {
        return Double.longBitsToDouble(bits);
    }

    private static long bits(double value) {
        return Double.doubleToRawLongBits(value);
    }

    /// Not denormal.
    private static boolean isNormalOrZero(long a) {
        return (a & EXPONENT) != 0 || a << 1 == 0;
    }

    /// Finite, and so large that no rounding can have brought it out of the denormal range.
    private static boolean isWellNormal(long a) {
        return Integer.compareUnsigned(exponent(a) - 2, 0x7ff - 2) < 0;
    }

    private static int exponent(long a) {
        return (int) (a >>> 52) & 0x7ff;
    }

    /// Finite and not denormal.
    private static boolean isPlain(long a) {
        return isWellNormal(a) || a << 1 == 0;
    }

    private static boolean isFast(long a, long b, FloatContext context) {
        return context.roundsToNearest() && isNormalOrZero(a) && isNormalOrZero(b);
    }

    public static long add(long a, long b, FloatContext context) {
        if (isFast(a, b, context)) {
            double x = value(a);
            double y = value(b);
            double sum = x + y;
            long result = bits(sum);
            if (isWellNormal(result) || sum == 0) {
                if (!context.ignoresInexact() && sumRemainder(x, y, sum) != 0) {
                    context.raise(PE);
                }
                return result;
            }
        }
        return SoftFloat.add(BINARY64, a, b, context);
    }

    public static long sub(long a, long b, FloatContext context) {
        if (isFast(a, b, context)) {
            double x = value(a);
            double y = value(b);
            double difference = x - y;
            long result = bits(difference);
            if (isWellNormal(result) || difference == 0) {
                if (!context.ignoresInexact() && sumRemainder(x, -y, difference) != 0) {
                    context.raise(PE);
                }
                return result;
            }
        }
        return SoftFloat.sub(BINARY64, a, b, context);
    }

    /// `x + y - sum`, exactly (Knuth's TwoSum).
    private static double sumRemainder(double x, double y, double sum) {
        double roughY = sum - x;
        return x - (sum - roughY) + (y - roughY);
    }

    public static long mul(long a, long b, FloatContext context) {
        if (isFast(a, b, context)) {
            double x = value(a);
            double y = value(b);
            double product = x * y;
            long result = bits(product);
            if (isWellNormal(result)) {
                if (context.ignoresInexact()) {
                    return result;
                }
                if (exponent(result) >= EXACT_REMAINDER) {
                    if (Math.fma(x, y, -product) != 0) {
                        context.raise(PE);
                    }
                    return result;
                }
            }
        }
        return SoftFloat.mul(BINARY64, a, b, context);
    }

    public static long div(long a, long b, FloatContext context) {
        if (isFast(a, b, context)) {
            double x = value(a);
            double y = value(b);
            double quotient = x / y;
            long result = bits(quotient);
            if (isWellNormal(result)) {
                if (context.ignoresInexact()) {
                    return result;
                }
                if (exponent(a) >= EXACT_REMAINDER) {
                    if (Math.fma(quotient, y, -x) != 0) {
                        context.raise(PE);
                    }
                    return result;
                }
            }
        }
        return SoftFloat.div(BINARY64, a, b, context);
    }

    public static long sqrt(long a, FloatContext context) {
        if (context.roundsToNearest() && isWellNormal(a) && a > 0) {
            double x = value(a);
            double root = Math.sqrt(x);
            if (context.ignoresInexact()) {
                return bits(root);
            }
            if (exponent(a) >= EXACT_REMAINDER) {
                if (Math.fma(root, root, -x) != 0) {
                    context.raise(PE);
                }
                return bits(root);
            }
        }
        return SoftFloat.sqrt(BINARY64, a, context);
    }

    public static long min(long a, long b, FloatContext context) {
        if (isPlain(a) && isPlain(b)) {
            return value(a) < value(b) ? a : b;
        }
        return SoftComparison.choose(BINARY64, a, b, Relation.LESS, context);
    }

    public static long max(long a, long b, FloatContext context) {
        if (isPlain(a) && isPlain(b)) {
            return value(a) > value(b) ? a : b;
        }
        return SoftComparison.choose(BINARY64, a, b, Relation.GREATER, context);
    }

    /// The [Relation] of `a` to `b`.
    ///
    /// @param signalling whether quiet NaNs are invalid, too
    public static int compare(long a, long b, boolean signalling, FloatContext context) {
        if (isPlain(a) && isPlain(b)) {
            double x = value(a);
            double y = value(b);
            return x < y ? Relation.LESS : x == y ? Relation.EQUAL : Relation.GREATER;
        }
        return SoftComparison.compare(BINARY64, a, b, signalling, context);
    }

    /// CMPPD: all ones if the predicate holds, else 0.
    public static long compareToMask(long a, long b, int predicate, FloatContext context) {
        return Relation.satisfies(compare(a, b, Relation.signals(predicate), context), predicate) ? -1 : 0;
    }

    // ---- conversions ----

    public static long fromInt(int value) {
        return bits(value);
    }

    public static long fromLong(long value, FloatContext context) {
        return value >> 53 == 0 || value >> 53 == -1
                ? bits(value)
                : SoftConversion.fromInteger(BINARY64, value, context);
    }

    /// Rounded as MXCSR says.
    ///
    /// @param bits 32 or 64
    public static long toInteger(long a, int bits, FloatContext context) {
        double rounded = Math.rint(value(a));
        // 0 may be a denormal's.
        if (context.roundsToNearest() && rounded != 0 && Math.abs(rounded) < -(double) (-1L << bits - 1)) {
            if (rounded != value(a)) {
                context.raise(PE);
            }
            return (long) rounded;
        }
        return SoftConversion.toInteger(BINARY64, a, bits, context.rounding(), context);
    }

    /// Truncated.
    ///
    /// @param bits 32 or 64
    public static long toIntegerTruncated(long a, int bits, FloatContext context) {
        double x = value(a);
        long integer = bits == 32 ? (int) x : (long) x;
        // 0 may be a NaN's or denormal's, the extremes may be saturated.
        if (integer != 0 && integer != -1L << bits - 1 && integer != ~(-1L << bits - 1)) {
            if (integer != x) {
                context.raise(PE);
            }
            return integer;
        }
        return SoftConversion.toInteger(BINARY64, a, bits, TRUNCATE, context);
    }

    /// To single precision.
    public static int toFloat32(long a, FloatContext context) {
        if (context.roundsToNearest() && isWellNormal(a)) {
            float single = (float) value(a);
            int exponent = Float.floatToRawIntBits(single) >>> 23 & 0xff;
            if (exponent > 1 && exponent < 0xff) {
                if (single != value(a)) {
                    context.raise(PE);
                }
                return Float.floatToRawIntBits(single);
            }
        }
        return (int) SoftConversion.convert(BINARY64, BINARY32, a, context);
    }

    /// From single precision.
    public static long fromFloat32(int a, FloatContext context) {
        int exponent = a >>> 23 & 0xff;
        if (exponent != 0 && exponent != 0xff || a == 0) {
            return bits(Float.intBitsToFloat(a));
        }
        return SoftConversion.convert(BINARY32, BINARY64, a & 0xffff_ffffL, context);
    }

    /// ROUNDPD: to an integer.
    ///
    /// @param mode the instruction's immediate: rounding, or bit 2 for that of MXCSR; bit 3 for no PE
    public static long roundToIntegral(long a, int mode, FloatContext context) {
        int rounding = (mode & 4) != 0 ? context.rounding() : mode & 3;
        boolean silent = (mode & 8) != 0;
        if (isWellNormal(a)) {
            double rounded = integral(value(a), rounding);
            if (!silent && rounded != value(a)) {
                context.raise(PE);
            }
            return bits(rounded);
        }
        return SoftConversion.toIntegral(BINARY64, a, rounding, silent, context);
    }

    /// `x` rounded to an integer; zeros keep its sign.
    static double integral(double x, int rounding) {
        return switch (rounding) {
            case NEAREST -> Math.rint(x);
            case DOWN -> Math.floor(x);
            case UP -> Math.ceil(x);
            default -> x < 0 ? Math.ceil(x) : Math.floor(x);
        };
    }

    // ---- fused multiply-add ----

    /// `a * b + c` with one rounding.
    ///
    /// @param negated    whether the product is negated first
    /// @param subtracted whether `c` is subtracted
    public static long multiplyAdd(long a, long b, long c, boolean negated, boolean subtracted, FloatContext context) {
        if (isFast(a, b, context) && isNormalOrZero(c) && context.ignoresInexact()) {
            double result = Math.fma(negated ? -value(a) : value(a), value(b), subtracted ? -value(c) : value(c));
            if (isWellNormal(bits(result))) {
                return bits(result);
            }
        }
        return SoftFusion.multiplyAdd(BINARY64, a, b, c, negated, subtracted, context);
    }
}
