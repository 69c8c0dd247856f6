// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// Unsigned fractions of 128 bits, and power series in them.
final class Fraction128 {
    private Fraction128() { }

    /// The upper half of the product's first 128 bits.
    static long multiplyHigh(long aHigh, long aLow, long bHigh, long bLow) {
        long middle = Math.unsignedMultiplyHigh(aHigh, bLow);
        long other = Math.unsignedMultiplyHigh(aLow, bHigh);
        long sum = middle + other;
        long carry = Long.compareUnsigned(sum, middle) < 0 ? 1 : 0;
        long low = aHigh * bHigh;
        carry += Long.compareUnsigned(low + sum, low) < 0 ? 1 : 0;
        return Math.unsignedMultiplyHigh(aHigh, bHigh) + carry;
    }

    /// The lower half of the product's first 128 bits, up to two units too small.
    static long multiplyLow(long aHigh, long aLow, long bHigh, long bLow) {
        return aHigh * bHigh + Math.unsignedMultiplyHigh(aHigh, bLow)
                + Math.unsignedMultiplyHigh(aLow, bHigh);
    }

    /// Evaluates `c0 ± c1·z + c2·z² ± …` by Horner's rule; every partial sum is between 0 and 1.
    ///
    /// @param series      coefficients as pairs of words, the higher first, and c0 first
    /// @param alternating whether the signs alternate
    static void evaluate(Wide result, long[] series, long zHigh, long zLow, boolean alternating) {
        int i = series.length - 2;
        long sumHigh = series[i];
        long sumLow = series[i + 1];
        while ((i -= 2) >= 0) {
            long termHigh = multiplyHigh(sumHigh, sumLow, zHigh, zLow);
            long termLow = multiplyLow(sumHigh, sumLow, zHigh, zLow);
            if (alternating) {
                sumLow = series[i + 1] - termLow;
                sumHigh = series[i] - termHigh - (Long.compareUnsigned(series[i + 1], termLow) < 0 ? 1 : 0);
            } else {
                sumLow = series[i + 1] + termLow;
                sumHigh = series[i] + termHigh + (Long.compareUnsigned(sumLow, termLow) < 0 ? 1 : 0);
            }
        }
        result.setFraction(sumHigh, sumLow);
    }
}
