// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import static org.javisor.cpu.fp.FloatContext.DOWN;
import static org.javisor.cpu.fp.FloatContext.IE;
import static org.javisor.cpu.fp.FloatContext.NEAREST;
import static org.javisor.cpu.fp.FloatContext.PE;
import static org.javisor.cpu.fp.FloatContext.UP;

/// Conversions of SSE between formats and integers, in integers, with every flag.
final class SoftConversion {
    private SoftConversion() { }

    // ---- between formats ----

    static long convert(FloatFormat from, FloatFormat to, long operand, FloatContext context) {
        long a = SoftFloat.operand(from, operand, context);
        long sign = from.isNegative(a) ? to.sign : 0;
        if (from.isNaN(a)) {
            if (from.isSignalling(a)) {
                context.raise(IE);
            }
            return sign | to.infinity | to.quiet
                    | fraction(a & from.hidden - 1, to.fractionBits - from.fractionBits);
        }
        if (from.isInfinite(a) || from.isZero(a)) {
            return sign | (from.isZero(a) ? 0 : to.infinity);
        }
        SoftFloat.noteDenormal(from, a, context);
        return SoftRounding.round(to, sign != 0, from.exponent(a) - from.bias + to.bias,
                from.significand(a) << SoftFloat.TOP - from.fractionBits, context);
    }

    private static long fraction(long fraction, int shift) {
        return shift >= 0 ? fraction << shift : fraction >>> -shift;
    }

    // ---- from integers ----

    static long fromInteger(FloatFormat f, long value, FloatContext context) {
        if (value == 0) {
            return 0;
        }
        long magnitude = Math.abs(value);
        return magnitude < 0
                ? SoftRounding.round(f, true, f.bias + SoftFloat.TOP + 1, magnitude >>> 1, context)
                : SoftRounding.round(f, value < 0, f.bias + SoftFloat.TOP, magnitude, context);
    }

    // ---- to integers ----

    /// To a signed integer of `bits` (32 or 64) bits; what does not fit becomes the integer indefinite, its
    /// least value.
    static long toInteger(FloatFormat f, long operand, int bits, int rounding, FloatContext context) {
        long a = SoftFloat.operand(f, operand, context);
        int exponent = f.exponent(a) - f.bias;
        long indefinite = -1L << bits - 1;
        if (exponent > 63) {
            context.raise(IE);
            return indefinite;
        }
        boolean negative = f.isNegative(a);
        int shift = exponent - f.fractionBits;
        long magnitude = shift >= 0
                ? f.significand(a) << shift
                : shifted(f.significand(a), Math.min(-shift, 62), negative, rounding);
        if (Long.compareUnsigned(magnitude, negative ? -indefinite : ~indefinite) > 0) {
            context.raise(IE);
            return indefinite;
        }
        if (shift < 0 && hasFraction(f.significand(a), Math.min(-shift, 62))) {
            context.raise(PE);
        }
        return negative ? -magnitude : magnitude;
    }

    private static boolean hasFraction(long significand, int shift) {
        return (significand & (1L << shift) - 1) != 0;
    }

    /// Shifts right, rounding.
    ///
    /// @param shift 1 to 62
    private static long shifted(long significand, int shift, boolean negative, int rounding) {
        long integer = significand >>> shift;
        return roundsUp(significand, shift, negative, rounding) ? integer + 1 : integer;
    }

    private static boolean roundsUp(long significand, int shift, boolean negative, int rounding) {
        long rest = significand & (1L << shift) - 1;
        if (rounding == NEAREST) {
            long half = 1L << shift - 1;
            return rest > half || rest == half && (significand >>> shift & 1) != 0;
        }
        return rest != 0 && rounding == (negative ? DOWN : UP);
    }

    /// To an integer in the same format: ROUND.
    ///
    /// @param silent whether inexactness is not reported
    static long toIntegral(FloatFormat f, long operand, int rounding, boolean silent, FloatContext context) {
        long a = SoftFloat.operand(f, operand, context);
        if (f.isNaN(a)) {
            return SoftFloat.nan(f, a, a, context);
        }
        int exponent = f.exponent(a) - f.bias;
        if (exponent >= f.fractionBits || f.isZero(a)) {
            return a;
        }
        int shift = Math.min(f.fractionBits - exponent, 62);
        if (!hasFraction(f.significand(a), shift)) {
            return a;
        }
        if (!silent) {
            context.raise(PE);
        }
        boolean up = roundsUp(f.significand(a), shift, f.isNegative(a), rounding);
        if (exponent < 0) {
            return a & f.sign | (up ? (long) f.bias << f.fractionBits : 0);
        }
        // A carry out of the fraction increments the exponent.
        return (a & -(1L << shift)) + (up ? 1L << shift : 0);
    }
}
