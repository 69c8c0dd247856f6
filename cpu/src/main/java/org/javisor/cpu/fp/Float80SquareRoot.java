// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// FSQRT.
public final class Float80SquareRoot {
    private Float80SquareRoot() { }

    public static void squareRoot(Float80Context c, int se, long significand) {
        if (Float80NaN.handles(c, se, significand)) {
            return;
        }
        if (Float80.isZero(se, significand)) {
            c.result(se, 0);
        } else if ((se & Float80.SIGN) != 0) {
            c.invalid();
        } else if (Float80.isInfinite(se, significand)) {
            c.result(se, significand);
        } else {
            c.noteDenormal(se, significand);
            root(c, Float80.exponent(se, significand) - Float80.BIAS, Float80.normalized(significand));
        }
    }

    /// The root of `significand:0`, shifted so that the exponent is even.
    private static void root(Float80Context c, int exponent, long significand) {
        boolean odd = (exponent & 1) != 0;
        long high = odd ? significand : significand >>> 1;
        long low = odd ? 0 : significand << 63;
        long root = floorRoot(high, low);
        // The remainder, at most 2 * root: 65 bits.
        long square = root * root;
        long restLow = low - square;
        long borrow = Long.compareUnsigned(low, square) < 0 ? 1 : 0;
        long restHigh = high - Math.unsignedMultiplyHigh(root, root) - borrow;
        long next = 0;
        if ((restHigh | restLow) != 0) {
            // The root exceeds root + 1/2 exactly if the remainder exceeds root.
            next = restHigh != 0 || Long.compareUnsigned(restLow, root) > 0 ? -1 : 1;
        }
        Float80Rounding.round(c, 0, (exponent >> 1) + Float80.BIAS, root, next);
    }

    /// The integer part of the root of `high:low`, where `high` is at least 2^62.
    private static long floorRoot(long high, long low) {
        // The host's root is good for 52 bits; one step of Newton's method brings all 64, but for the last.
        double approximation = Math.sqrt((high >>> 11) * 0x1p-53);
        long root = approximation >= 1 ? -1L : (long) (approximation * 0x1p53) << 11;
        long product = root * root;
        long restLow = low - product;
        long borrow = Long.compareUnsigned(low, product) < 0 ? 1 : 0;
        long restHigh = high - Math.unsignedMultiplyHigh(root, root) - borrow;
        // The remainder has at most 78 bits with its sign; the correction needs only the first 53 of them.
        double correction = (restHigh * 0x1p64 + (restLow >>> 1) * 2.0) / (2.0 * ((root >>> 11) * 0x1p11));
        root = corrected(root, correction);
        while (exceeds(root, high, low)) {
            root--;
        }
        while (root != -1L && !exceeds(root + 1, high, low)) {
            root++;
        }
        return root;
    }

    /// `root + correction`, kept in the range of 64-bit significands.
    private static long corrected(long root, double correction) {
        long sum = root + (long) correction;
        if (sum < 0) {
            return sum;
        }
        return correction > 0 ? -1L : Float80.INTEGER_BIT;
    }

    /// Whether `root * root > high:low`.
    private static boolean exceeds(long root, long high, long low) {
        int order = Long.compareUnsigned(Math.unsignedMultiplyHigh(root, root), high);
        return order > 0 || order == 0 && Long.compareUnsigned(root * root, low) > 0;
    }
}
