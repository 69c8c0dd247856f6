// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import java.util.SplittableRandom;

/// Random numbers in which zeros, denormals, infinities, NaNs, extremes and near ties are frequent.
final class FloatOperands {
    private final SplittableRandom random;

    FloatOperands(SplittableRandom random) {
        this.random = random;
    }

    /// The bits of a number in `f`.
    long number(FloatFormat f) {
        long sign = random.nextBoolean() ? f.sign : 0;
        return sign | magnitude(f);
    }

    private long magnitude(FloatFormat f) {
        long fraction = fraction(f);
        return switch (random.nextInt(16)) {
            case 0 -> 0;
            case 1 -> f.infinity;
            case 2 -> f.infinity | f.quiet | fraction;
            case 3 -> f.infinity | Math.max(fraction & f.quiet - 1, 1);
            case 4, 5 -> fraction;
            case 6 -> exponent(f, 1 + random.nextInt(f.fractionBits + 3)) | fraction;
            case 7 -> exponent(f, f.maxExponent - 1 - random.nextInt(f.fractionBits + 3)) | fraction;
            case 8 -> exponent(f, random.nextInt(f.maxExponent)) | fraction;
            case 9 -> exponent(f, f.bias + 20 + random.nextInt(48)) | fraction;
            case 10 -> exponent(f, f.bias / 2 + random.nextInt(5)) | fraction;
            default -> exponent(f, f.bias - 4 + random.nextInt(10)) | fraction;
        };
    }

    private static long exponent(FloatFormat f, int biased) {
        return (long) Math.min(biased, f.maxExponent - 1) << f.fractionBits;
    }

    private long fraction(FloatFormat f) {
        long all = f.hidden - 1;
        return switch (random.nextInt(6)) {
            case 0 -> 0;
            case 1 -> all;
            case 2 -> 1L << random.nextInt(f.fractionBits);
            case 3 -> random.nextLong() & all & -1L << random.nextInt(f.fractionBits);
            default -> random.nextLong() & all;
        };
    }

    /// Any rounding, DAZ, FZ and sticky flags; all exceptions masked.
    int mxcsr() {
        int usual = 0x1f80 | random.nextInt(64);
        return random.nextBoolean() ? usual
                : usual | random.nextInt(4) << 13 | (random.nextBoolean() ? FloatContext.DAZ : 0)
                        | (random.nextBoolean() ? FloatContext.FZ : 0);
    }

    long integer() {
        long value = random.nextLong() >> random.nextInt(64);
        return random.nextInt(4) == 0 ? value & -1L << random.nextInt(64) : value;
    }
}
