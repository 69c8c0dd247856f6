// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// A working register of the transcendental functions: a number with a 128-bit significand and an unbounded
/// exponent. Its operations change it in place, and truncate: an error of a few units in the last place, some
/// 60 bits below what the result keeps.
///
/// The value is `high.low × 2^exponent` with the point behind the highest bit of `high`, which is set unless
/// the number is zero.
final class Wide {
    boolean negative;
    int exponent;
    long high, low;

    Wide set(Wide other) {
        return set(other.negative, other.exponent, other.high, other.low);
    }

    Wide set(boolean negative, int exponent, long high, long low) {
        this.negative = negative;
        this.exponent = exponent;
        this.high = high;
        this.low = low;
        return this;
    }

    /// A finite value of the extended format.
    Wide set(int se, long significand) {
        return set((se & Float80.SIGN) != 0, Float80.exponent(se, significand) - Float80.BIAS,
                Float80.normalized(significand), 0);
    }

    Wide setInteger(int value) {
        long magnitude = Math.abs((long) value);
        int shift = Long.numberOfLeadingZeros(magnitude);
        return set(value < 0, 63 - shift, magnitude << shift, 0);
    }

    /// A fraction of 128 bits.
    Wide setFraction(long fractionHigh, long fractionLow) {
        return set(false, -1, fractionHigh, fractionLow).normalize();
    }

    boolean isZero() {
        return (high | low) == 0;
    }

    Wide negate() {
        negative = !negative;
        return this;
    }

    /// The upper 64 bits of the 128-bit fraction that a magnitude below 1 is.
    long fractionHigh() {
        return UInt128.shiftRightHigh(high, -1 - exponent);
    }

    long fractionLow() {
        return UInt128.shiftRightJam(high, low, -1 - exponent);
    }

    private Wide normalize() {
        if (high == 0) {
            high = low;
            low = 0;
            exponent -= 64;
        }
        int shift = Long.numberOfLeadingZeros(high);
        if (shift > 0 && shift < 64) {
            high = high << shift | low >>> 64 - shift;
            low <<= shift;
            exponent -= shift;
        }
        return this;
    }

    Wide multiply(Wide by) {
        return multiply(by.negative, by.exponent, by.high, by.low);
    }

    Wide multiply(boolean byNegative, int byExponent, long byHigh, long byLow) {
        long productHigh = Fraction128.multiplyHigh(high, low, byHigh, byLow);
        long productLow = Fraction128.multiplyLow(high, low, byHigh, byLow);
        return set(negative ^ byNegative, exponent + byExponent + 1, productHigh, productLow).normalize();
    }

    Wide add(Wide other) {
        return add(other.negative, other.exponent, other.high, other.low);
    }

    Wide add(boolean otherNegative, int otherExponent, long otherHigh, long otherLow) {
        if ((otherHigh | otherLow) == 0) {
            return this;
        }
        if (isZero()) {
            return set(otherNegative, otherExponent, otherHigh, otherLow);
        }
        if (isSmaller(otherExponent, otherHigh, otherLow)) {
            boolean wasNegative = negative;
            int wasExponent = exponent;
            long wasHigh = high;
            long wasLow = low;
            set(otherNegative, otherExponent, otherHigh, otherLow);
            return addSmaller(wasNegative, wasExponent, wasHigh, wasLow);
        }
        return addSmaller(otherNegative, otherExponent, otherHigh, otherLow);
    }

    private boolean isSmaller(int otherExponent, long otherHigh, long otherLow) {
        if (exponent != otherExponent) {
            return exponent < otherExponent;
        }
        int order = Long.compareUnsigned(high, otherHigh);
        return order != 0 ? order < 0 : Long.compareUnsigned(low, otherLow) < 0;
    }

    private Wide addSmaller(boolean otherNegative, int otherExponent, long otherHigh, long otherLow) {
        int distance = exponent - otherExponent;
        long addendHigh = UInt128.shiftRightHigh(otherHigh, distance);
        long addendLow = UInt128.shiftRightJam(otherHigh, otherLow, distance);
        if (negative != otherNegative) {
            long borrow = Long.compareUnsigned(low, addendLow) < 0 ? 1 : 0;
            return set(negative, exponent, high - addendHigh - borrow, low - addendLow).normalize();
        }
        long sumLow = low + addendLow;
        long carry = Long.compareUnsigned(sumLow, low) < 0 ? 1 : 0;
        long sumHigh = high + addendHigh + carry;
        if (distance > 0 && sumHigh < 0) {
            return set(negative, exponent, sumHigh, sumLow);
        }
        return set(negative, exponent + 1, sumHigh >>> 1 | Float80.INTEGER_BIT,
                sumHigh << 63 | sumLow >>> 1 | sumLow & 1);
    }

    /// Divides by a number that is not zero.
    Wide divide(Wide by) {
        boolean reaches = !isSmaller(exponent, by.high, by.low);
        long restHigh = reaches ? high >>> 1 : high;
        long restLow = reaches ? high << 63 | low >>> 1 : low;
        long next = reaches ? low << 63 : 0;
        long first = digit(restHigh, restLow, next, by);
        // What remains is below the divisor: two words suffice to hold it.
        long productHigh = Math.unsignedMultiplyHigh(first, by.low) + first * by.high;
        long productLow = first * by.low;
        long borrow = Long.compareUnsigned(next, productLow) < 0 ? 1 : 0;
        long second = digit(restLow - productHigh - borrow, next - productLow, 0, by);
        int quotientExponent = exponent - by.exponent - (reaches ? 0 : 1);
        return set(negative ^ by.negative, quotientExponent, first, second).normalize();
    }

    /// One 64-bit digit of `high:middle:low` divided by the significand of `by`, which exceeds `high:middle`.
    private static long digit(long high, long middle, long low, Wide by) {
        // An estimate of 2^64 is one too large already.
        boolean largest = high == by.high;
        long quotient = largest ? -1L : UInt128.divide(high, middle, by.high);
        long rest = largest ? middle + by.high : middle - quotient * by.high;
        boolean exact = largest && Long.compareUnsigned(rest, by.high) < 0;
        long productHigh = Math.unsignedMultiplyHigh(quotient, by.low);
        long productLow = quotient * by.low;
        while (!exact && (Long.compareUnsigned(productHigh, rest) > 0
                || productHigh == rest && Long.compareUnsigned(productLow, low) > 0)) {
            quotient--;
            productHigh -= Long.compareUnsigned(productLow, by.low) < 0 ? 1 : 0;
            productLow -= by.low;
            rest += by.high;
            exact = Long.compareUnsigned(rest, by.high) < 0;
        }
        return quotient;
    }

    /// Makes it the result, by the rounding control.
    ///
    /// @param exact whether the number is known to be the true result
    void round(Float80Context c, boolean exact) {
        int sign = negative ? Float80.SIGN : 0;
        if (isZero()) {
            c.result(sign, 0);
        } else {
            Float80Rounding.roundExtended(c, sign, exponent + Float80.BIAS, high, exact ? low : low | 1);
        }
    }
}
