// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import static org.javisor.cpu.fp.FloatContext.DE;
import static org.javisor.cpu.fp.FloatContext.DOWN;
import static org.javisor.cpu.fp.FloatContext.IE;
import static org.javisor.cpu.fp.FloatContext.ZE;

/// Arithmetic of SSE in integers: any rounding, every flag. [Float32] and [Float64] come here when the host's
/// own arithmetic cannot tell what they need.
///
/// Values are the low bits of a `long`, in the given format. Significands are computed with the leading bit
/// at bit 61 or 62, and the lowest bit sticky: set when anything was lost below it.
///
/// @sdm vol. 1 §4.9.1 "Floating-Point Exception Conditions"
/// @sdm vol. 1 appendix E.4 "SIMD Floating-Point Exceptions and the IEEE
///     Standard 754"
final class SoftFloat {
    /// Where the leading bit is meant to be.
    static final int TOP = 61;

    private SoftFloat() { }

    // ---- operands ----

    /// Denormals become zeros if MXCSR says so.
    static long operand(FloatFormat f, long a, FloatContext context) {
        return context.denormalsAreZeros() && f.isDenormal(a) ? a & f.sign : a;
    }

    /// The result when an operand is a NaN: the first that is, quiet.
    static long nan(FloatFormat f, long a, long b, FloatContext context) {
        if (f.isSignalling(a) || f.isSignalling(b)) {
            context.raise(IE);
        }
        return (f.isNaN(a) ? a : b) | f.quiet;
    }

    static long invalid(FloatFormat f, FloatContext context) {
        context.raise(IE);
        return f.indefinite();
    }

    static void noteDenormal(FloatFormat f, long a, FloatContext context) {
        if (f.isDenormal(a)) {
            context.raise(DE);
        }
    }

    private static long sticky(long value, int shift) {
        if (shift > 63) {
            return value == 0 ? 0 : 1;
        }
        return value >>> shift | ((value & (1L << shift) - 1) == 0 ? 0 : 1);
    }

    // ---- addition ----

    static long sub(FloatFormat f, long a, long b, FloatContext context) {
        // A NaN keeps its sign.
        return f.isNaN(b) ? add(f, a, b, context) : add(f, a, b ^ f.sign, context);
    }

    static long add(FloatFormat f, long left, long right, FloatContext context) {
        long a = operand(f, left, context);
        long b = operand(f, right, context);
        if (f.isNaN(a) || f.isNaN(b)) {
            return nan(f, a, b, context);
        }
        if (f.isInfinite(a) && f.isInfinite(b) && a != b) {
            return invalid(f, context);
        }
        noteDenormal(f, a, context);
        noteDenormal(f, b, context);
        if (f.isInfinite(a)) {
            return a;
        }
        return f.isInfinite(b) ? b : addFinite(f, a, b, context);
    }

    private static long addFinite(FloatFormat f, long a, long b, FloatContext context) {
        int shift = TOP - f.fractionBits;
        int exponentA = f.exponent(a);
        int exponentB = f.exponent(b);
        int exponent = Math.max(exponentA, exponentB);
        long x = sticky(f.significand(a) << shift, exponent - exponentA);
        long y = sticky(f.significand(b) << shift, exponent - exponentB);
        long sum = (f.isNegative(a) ? -x : x) + (f.isNegative(b) ? -y : y);
        if (sum == 0) {
            boolean bothNegative = f.isNegative(a) && f.isNegative(b);
            boolean cancelled = f.isNegative(a) != f.isNegative(b);
            return bothNegative || cancelled && context.rounding() == DOWN ? f.sign : 0;
        }
        return SoftRounding.round(f, sum < 0, exponent, Math.abs(sum), context);
    }

    // ---- multiplication and division ----

    static long mul(FloatFormat f, long left, long right, FloatContext context) {
        long a = operand(f, left, context);
        long b = operand(f, right, context);
        if (f.isNaN(a) || f.isNaN(b)) {
            return nan(f, a, b, context);
        }
        long sign = (a ^ b) & f.sign;
        boolean infinite = f.isInfinite(a) || f.isInfinite(b);
        boolean zero = f.isZero(a) || f.isZero(b);
        if (infinite && zero) {
            return invalid(f, context);
        }
        noteDenormal(f, a, context);
        noteDenormal(f, b, context);
        if (infinite || zero) {
            return sign | (infinite ? f.infinity : 0);
        }
        return mulFinite(f, sign != 0, a, b, context);
    }

    private static long mulFinite(FloatFormat f, boolean negative, long a, long b, FloatContext context) {
        long x = f.significand(a);
        long y = f.significand(b);
        int shiftX = Long.numberOfLeadingZeros(x) - 1;
        int shiftY = Long.numberOfLeadingZeros(y);
        // Leading bits at 62 and 63: that of the product is at 125 or 126.
        long high = Math.unsignedMultiplyHigh(x << shiftX, y << shiftY);
        long low = (x << shiftX) * (y << shiftY);
        int exponent = f.exponent(a) - (shiftX - (62 - f.fractionBits))
                + f.exponent(b) - (shiftY - (63 - f.fractionBits)) - f.bias;
        return SoftRounding.round(f, negative, exponent, high | (low == 0 ? 0 : 1), context);
    }

    static long div(FloatFormat f, long left, long right, FloatContext context) {
        long a = operand(f, left, context);
        long b = operand(f, right, context);
        if (f.isNaN(a) || f.isNaN(b)) {
            return nan(f, a, b, context);
        }
        if (f.isInfinite(a) && f.isInfinite(b) || f.isZero(a) && f.isZero(b)) {
            return invalid(f, context);
        }
        long sign = (a ^ b) & f.sign;
        if (f.isZero(b) && !f.isInfinite(a)) {
            context.raise(ZE);
            return sign | f.infinity;
        }
        noteDenormal(f, a, context);
        noteDenormal(f, b, context);
        if (f.isInfinite(a)) {
            return sign | f.infinity;
        }
        return f.isZero(a) || f.isInfinite(b) ? sign : divFinite(f, sign != 0, a, b, context);
    }

    private static long divFinite(FloatFormat f, boolean negative, long a, long b, FloatContext context) {
        long x = f.significand(a);
        long y = f.significand(b);
        // Leading bits at 62, then one down: the remainder must have room to double.
        int shiftX = Long.numberOfLeadingZeros(x) - 2;
        int shiftY = Long.numberOfLeadingZeros(y) - 2;
        int exponent = f.exponent(a) - shiftX - f.exponent(b) + shiftY + f.bias - 1;
        long remainder = x << shiftX;
        long divisor = y << shiftY;
        long quotient = 0;
        for (int i = 0; i < 63; i++) {
            quotient <<= 1;
            if (remainder >= divisor) {
                remainder -= divisor;
                quotient |= 1;
            }
            remainder <<= 1;
        }
        return SoftRounding.round(f, negative, exponent, quotient | (remainder == 0 ? 0 : 1), context);
    }

    // ---- square root ----

    static long sqrt(FloatFormat f, long operand, FloatContext context) {
        long a = operand(f, operand, context);
        if (f.isNaN(a)) {
            return nan(f, a, a, context);
        }
        if (f.isZero(a)) {
            return a;
        }
        if (f.isNegative(a)) {
            return invalid(f, context);
        }
        noteDenormal(f, a, context);
        return f.isInfinite(a) ? a : sqrtFinite(f, a, context);
    }

    /// Digit by digit: two bits of the radicand in, one bit of the root out.
    private static long sqrtFinite(FloatFormat f, long a, FloatContext context) {
        long significand = f.significand(a);
        int shift = Long.numberOfLeadingZeros(significand) - (63 - f.fractionBits);
        int exponent = f.exponent(a) - shift - f.bias;
        // The radicand is in [1, 4), with bits 63 and 62 before the binary point, times an even power of two.
        long radicand = significand << shift + 62 - f.fractionBits + (exponent & 1);
        long root = 0;
        long remainder = 0;
        for (int i = 0; i < 56; i++) {
            remainder = remainder << 2 | radicand >>> 62;
            radicand <<= 2;
            long trial = root << 2 | 1;
            root <<= 1;
            if (remainder >= trial) {
                remainder -= trial;
                root |= 1;
            }
        }
        // The root's leading bit is at 55.
        return SoftRounding.round(f, false, (exponent >> 1) + f.bias, root << 6 | (remainder == 0 ? 0 : 1),
                context);
    }
}
