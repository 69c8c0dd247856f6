// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import static org.javisor.cpu.fp.FloatContext.DOWN;
import static org.javisor.cpu.fp.FloatContext.IE;

/// The fused multiply-add in integers: any rounding, every flag.
///
/// Product and addend are brought to 128 bits with the leading bit at 125 or 126, so that the one that is shifted
/// right to the other's exponent loses bits only where the result does not cancel.
///
/// @sdm vol. 1 §14.5.2 "Fused-Multiply-ADD (FMA) Numeric Behavior"
final class SoftFusion {
    /// Leading bit of an addend's upper half.
    private static final int TOP = 61;

    private SoftFusion() { }

    /// `x * y + z`, where the product is negated first if `negated`, and `z` subtracted if `subtracted`.
    static long multiplyAdd(FloatFormat f, long x, long y, long z, boolean negated, boolean subtracted,
                            FloatContext context) {
        long a = SoftFloat.operand(f, x, context);
        long b = SoftFloat.operand(f, y, context);
        long c = SoftFloat.operand(f, z, context);
        if (f.isNaN(a) || f.isNaN(b) || f.isNaN(c)) {
            return nan(f, a, b, c, context);
        }
        boolean productNegative = f.isNegative(a) != f.isNegative(b) != negated;
        boolean addendNegative = f.isNegative(c) != subtracted;
        boolean infinite = f.isInfinite(a) || f.isInfinite(b);
        boolean zero = f.isZero(a) || f.isZero(b);
        if (infinite && zero || infinite && f.isInfinite(c) && productNegative != addendNegative) {
            return SoftFloat.invalid(f, context);
        }
        SoftFloat.noteDenormal(f, a, context);
        SoftFloat.noteDenormal(f, b, context);
        SoftFloat.noteDenormal(f, c, context);
        if (infinite) {
            return signed(f, f.infinity, productNegative);
        }
        if (f.isInfinite(c)) {
            return signed(f, f.infinity, addendNegative);
        }
        return zero ? addendAlone(f, c, productNegative, addendNegative, context)
                : fuse(f, a, b, c, productNegative, addendNegative, context);
    }

    /// The first operand that is a NaN, quiet. A quiet NaN hides that infinity times zero is invalid.
    private static long nan(FloatFormat f, long a, long b, long c, FloatContext context) {
        if (f.isSignalling(a) || f.isSignalling(b) || f.isSignalling(c)) {
            context.raise(IE);
        }
        return (f.isNaN(a) ? a : f.isNaN(b) ? b : c) | f.quiet;
    }

    private static long signed(FloatFormat f, long magnitude, boolean negative) {
        return negative ? magnitude | f.sign : magnitude;
    }

    /// A product of zero plus `c`, which still is rounded: it may be flushed.
    private static long addendAlone(FloatFormat f, long c, boolean productNegative, boolean addendNegative,
                                    FloatContext context) {
        if (f.isZero(c)) {
            boolean negative = productNegative == addendNegative ? addendNegative : context.rounding() == DOWN;
            return signed(f, 0, negative);
        }
        return SoftRounding.round(f, addendNegative, f.exponent(c), f.significand(c) << TOP - f.fractionBits, context);
    }

    private static long fuse(FloatFormat f, long a, long b, long c, boolean productNegative, boolean addendNegative,
                             FloatContext context) {
        long x = f.significand(a);
        long y = f.significand(b);
        int shiftX = Long.numberOfLeadingZeros(x) - 1;
        int shiftY = Long.numberOfLeadingZeros(y);
        // Leading bits at 62 and 63: that of the product is at 125 or 126.
        long high = Math.unsignedMultiplyHigh(x << shiftX, y << shiftY);
        long low = (x << shiftX) * (y << shiftY);
        int exponent = f.exponent(a) - (shiftX - (62 - f.fractionBits))
                + f.exponent(b) - (shiftY - (63 - f.fractionBits)) - f.bias;
        if (f.isZero(c)) {
            return SoftRounding.round(f, productNegative, exponent, high | (low == 0 ? 0 : 1), context);
        }
        long significand = f.significand(c);
        int shiftZ = Long.numberOfLeadingZeros(significand) - 2;
        int exponentZ = f.exponent(c) - shiftZ + TOP - f.fractionBits;
        return add(f, high, low, exponent, productNegative, significand << shiftZ, exponentZ, addendNegative, context);
    }

    /// The sum of two numbers of 128 bits, the second with nothing in its lower half.
    private static long add(FloatFormat f, long productHigh, long productLow, int exponent, boolean negative,
                            long addend, int addendExponent, boolean addendNegative, FloatContext context) {
        int distance = exponent - addendExponent;
        int down = Math.min(Math.abs(distance), 127);
        long highA = productHigh;
        long lowA = productLow;
        long highB = addend;
        long lowB = 0;
        if (distance < 0) {
            lowA = UInt128.shiftRightJam(highA, lowA, down);
            highA = UInt128.shiftRightHigh(highA, down);
        } else {
            lowB = UInt128.shiftRightJam(highB, lowB, down);
            highB = UInt128.shiftRightHigh(highB, down);
        }
        int common = Math.max(exponent, addendExponent);
        if (negative == addendNegative) {
            long low = lowA + lowB;
            long high = highA + highB + (Long.compareUnsigned(low, lowA) < 0 ? 1 : 0);
            return round(f, negative, common, high, low, context);
        }
        long low = lowA - lowB;
        long high = highA - highB - (Long.compareUnsigned(lowA, lowB) < 0 ? 1 : 0);
        if ((high | low) == 0) {
            return signed(f, 0, context.rounding() == DOWN);
        }
        if (high < 0) {
            high = low == 0 ? -high : ~high;
            low = -low;
            return round(f, addendNegative, common, high, low, context);
        }
        return round(f, negative, common, high, low, context);
    }

    /// The leading bit is anywhere below 127, or at 127 by a carry.
    private static long round(FloatFormat f, boolean negative, int exponent, long high, long low,
                              FloatContext context) {
        if (high < 0) {
            return SoftRounding.round(f, negative, exponent + 1, high >>> 1 | ((high & 1 | low) == 0 ? 0 : 1), context);
        }
        if (high == 0) {
            int shift = Long.numberOfLeadingZeros(low);
            long top = low << shift;
            return SoftRounding.round(f, negative, exponent - 63 - shift, top >>> 1 | top & 1, context);
        }
        int shift = Long.numberOfLeadingZeros(high) - 1;
        long top = shift == 0 ? high : high << shift | low >>> 64 - shift;
        return SoftRounding.round(f, negative, exponent - shift, top | (low << shift == 0 ? 0 : 1), context);
    }
}
