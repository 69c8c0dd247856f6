// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// The layout of an IEEE 754 binary interchange format of up to 64 bits, in the low bits of a `long`.
final class FloatFormat {
    static final FloatFormat BINARY16 = new FloatFormat(5, 10);
    static final FloatFormat BINARY32 = new FloatFormat(8, 23);
    static final FloatFormat BINARY64 = new FloatFormat(11, 52);

    /// Bits of the fraction, without the hidden one.
    final int fractionBits;
    final int bias;
    /// Biased exponent of infinities and NaNs.
    final int maxExponent;
    final long sign;
    /// The significand's integer bit, which normal numbers do not store.
    final long hidden;
    /// Of a NaN: quiet.
    final long quiet;
    final long infinity;

    private FloatFormat(int exponentBits, int fractionBits) {
        this.fractionBits = fractionBits;
        this.bias = (1 << exponentBits - 1) - 1;
        this.maxExponent = (1 << exponentBits) - 1;
        this.sign = 1L << exponentBits + fractionBits;
        this.hidden = 1L << fractionBits;
        this.quiet = hidden >> 1;
        this.infinity = (long) maxExponent << fractionBits;
    }

    boolean isNegative(long a) {
        return (a & sign) != 0;
    }

    private long magnitude(long a) {
        return a & sign - 1;
    }

    boolean isZero(long a) {
        return magnitude(a) == 0;
    }

    boolean isInfinite(long a) {
        return magnitude(a) == infinity;
    }

    boolean isNaN(long a) {
        return magnitude(a) > infinity;
    }

    boolean isSignalling(long a) {
        return isNaN(a) && (a & quiet) == 0;
    }

    boolean isDenormal(long a) {
        return Long.compareUnsigned(magnitude(a) - 1, hidden - 1) < 0;
    }

    /// The biased exponent; 1 for denormals, which have the weight of the least normal numbers.
    int exponent(long a) {
        return Math.max((int) (magnitude(a) >>> fractionBits), 1);
    }

    /// Of a finite number: the integer, times a power of two, that it is.
    long significand(long a) {
        long fraction = a & hidden - 1;
        return magnitude(a) < hidden ? fraction : fraction | hidden;
    }

    /// The NaN that an invalid operation makes.
    long indefinite() {
        return sign | infinity | quiet;
    }
}
