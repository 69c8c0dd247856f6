// SPDX-License-Identifier: Apache-2.0
package org.javisor.testkit;

import java.util.Random;

/// Random values in which the interesting ones are frequent: 0, 1, extremes, single bits, and for floating
/// point zeros, infinities, NaNs, denormals, and neighbours of powers of two.
public final class RandomOperands {
    private final Random random;

    public RandomOperands(Random random) {
        this.random = random;
    }

    /// An integer of 64 bits whose lower parts are interesting integers too, as often as not.
    public long integer() {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextInt(4) - 2L;
            case 1 -> (1L << random.nextInt(64)) - random.nextInt(2);
            case 2 -> -(1L << random.nextInt(64)) - random.nextInt(2);
            case 3 -> random.nextInt();
            case 4 -> edge(random.nextInt(4)) ^ (random.nextLong() << 8 * (1 << random.nextInt(3)));
            default -> random.nextLong();
        };
    }

    private static long edge(int n) {
        return switch (n) {
            case 0 -> 0;
            case 1 -> -1;
            case 2 -> 0x8080_8080_8080_8080L;
            default -> 0x7f7f_7f7f_7f7f_7f7fL;
        };
    }

    /// The bits of a single-precision number.
    public int singlePrecision() {
        int sign = random.nextBoolean() ? 1 << 31 : 0;
        return sign | switch (random.nextInt(12)) {
            case 0 -> 0;
            case 1 -> 0x7f80_0000;
            case 2 -> 0x7fc0_0000 | random.nextInt(1 << 22);
            case 3 -> 0x7f80_0001 + random.nextInt((1 << 22) - 1);
            case 4 -> 1 + random.nextInt((1 << 23) - 1);
            case 5 -> 0x0080_0000 + random.nextInt(2);
            case 6 -> 0x7f7f_ffff - random.nextInt(2);
            case 7 -> Float.floatToRawIntBits(random.nextInt(1 << 1 + random.nextInt(30))
                    / (float) (1 << random.nextInt(4)));
            case 8, 9 -> (120 + random.nextInt(16) << 23) + random.nextInt(1 << 23);
            default -> random.nextInt(Integer.MAX_VALUE);
        };
    }

    /// The bits of a double-precision number.
    public long doublePrecision() {
        long sign = random.nextBoolean() ? 1L << 63 : 0;
        long fraction = random.nextLong() >>> 12;
        return sign | switch (random.nextInt(13)) {
            case 0 -> 0;
            case 1 -> 0x7ff0_0000_0000_0000L;
            case 2 -> 0x7ff8_0000_0000_0000L | fraction;
            case 3 -> 0x7ff0_0000_0000_0001L | fraction >>> 1;
            case 4 -> fraction | 1;
            case 5 -> 0x0010_0000_0000_0000L + random.nextInt(2);
            case 6 -> 0x7fef_ffff_ffff_ffffL - random.nextInt(2);
            case 7 -> Double.doubleToRawLongBits((random.nextLong() >>> 1 + random.nextInt(62))
                    / (double) (1 << random.nextInt(4)));
            // Near the range of single precision, where conversions overflow and underflow.
            case 8 -> (1023L + (random.nextBoolean() ? 126 : -150) + random.nextInt(26) << 52) + fraction;
            case 9 -> (1015L + random.nextInt(16) << 52) + fraction;
            case 10 -> (1015L + random.nextInt(16) << 52) + (fraction & -1L << 30);
            default -> random.nextLong() >>> 1;
        };
    }

    /// The exponent and sign of an extended-precision number; with [#significand].
    public int extendedExponent() {
        int sign = random.nextBoolean() ? 0x8000 : 0;
        return sign | switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> 0x7fff;
            case 2 -> 1 + random.nextInt(64);
            case 3 -> 0x7ffe - random.nextInt(64);
            case 4 -> random.nextInt(0x8000);
            default -> 0x3fff - 8 + random.nextInt(72);
        };
    }

    /// The significand of an extended-precision number; rarely one whose integer bit does not fit its
    /// exponent.
    public long significand(int exponent) {
        int biased = exponent & 0x7fff;
        long fraction = switch (random.nextInt(5)) {
            case 0 -> 0;
            case 1 -> random.nextLong() & -1L << random.nextInt(63);
            case 2 -> -1L;
            default -> random.nextLong();
        };
        if (random.nextInt(40) == 0) {
            return fraction;
        }
        return biased == 0 ? fraction & Long.MAX_VALUE : fraction | Long.MIN_VALUE;
    }
}
