// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import java.math.BigInteger;
import java.util.function.IntFunction;

/// The numbers that the transcendental functions are made of, worked out when first needed, in integer
/// arithmetic scaled by 2^[#SCALE].
final class WideConstants {
    private static final int SCALE = 256;
    private static final BigInteger ONE = BigInteger.ONE.shiftLeft(SCALE);
    private static final BigInteger LN_2_SCALED = twiceArtanhOfReciprocal(3);

    static final Wide PI = wide(arctangent(1, 1).shiftLeft(2));
    static final Wide HALF_PI = wide(arctangent(1, 1).shiftLeft(1));
    static final Wide QUARTER_PI = wide(arctangent(1, 1));
    static final Wide THREE_QUARTERS_PI = wide(arctangent(1, 1).multiply(BigInteger.valueOf(3)));
    static final Wide LN_2 = wide(LN_2_SCALED);
    /// 2 / ln 2.
    static final Wide TWO_LOG2_E = wide(ONE.shiftLeft(SCALE + 1).divide(LN_2_SCALED));

    /// Coefficients of the series, less their first terms: see their users.
    static final long[] SINE = series(12, n -> ONE.divide(factorial(2 * n + 3)));
    static final long[] COSINE = series(12, n -> ONE.divide(factorial(2 * n + 2)));
    static final long[] EXPONENTIAL = series(13, n -> ONE.divide(factorial(n + 2)));
    /// Both arctangent (signs alternating) and its hyperbolic relative: 1/3, 1/5, 1/7...
    static final long[] ARCTANGENT = series(9, n -> ONE.divide(BigInteger.valueOf(2 * n + 3)));

    /// The arctangents of k/32 for k from 0 to 32.
    static final Wide[] ARCTANGENT_OF_32NDS = arctangentsOf32nds();
    /// `2^(k/32) - 1` for k from -32 to 32.
    static final Wide[] EXP2_MINUS_1_OF_32NDS = exp2Minus1Of32nds();
    /// `-log2(p/256)` for p from 128 to 256.
    static final Wide[] MINUS_LOG2_OF_256THS = minusLog2Of256ths();

    private WideConstants() { }

    private static Wide wide(BigInteger scaled) {
        BigInteger magnitude = scaled.abs();
        int bits = magnitude.bitLength();
        BigInteger significand = magnitude.shiftLeft(128).shiftRight(bits);
        return new Wide().set(scaled.signum() < 0, bits - 1 - SCALE,
                significand.shiftRight(64).longValue(), significand.longValue());
    }

    private static long[] series(int terms, IntFunction<BigInteger> coefficient) {
        long[] words = new long[2 * terms];
        for (int n = 0; n < terms; n++) {
            BigInteger fraction = coefficient.apply(n).shiftRight(SCALE - 128);
            words[2 * n] = fraction.shiftRight(64).longValue();
            words[2 * n + 1] = fraction.longValue();
        }
        return words;
    }

    private static BigInteger factorial(int n) {
        return n < 2 ? BigInteger.ONE : factorial(n - 1).multiply(BigInteger.valueOf(n));
    }

    /// The arctangent of `a/b` from 0 to 1, stepping there by 32nds: the difference of the arctangents of two
    /// neighbours is that of `32 / (1024 + k(k - 1))`.
    private static BigInteger arctangent(int a, int b) {
        BigInteger sum = BigInteger.ZERO;
        for (int k = 1; k <= 32 * a / b; k++) {
            sum = sum.add(arctangentSeries(32, 1024 + k * (k - 1)));
        }
        return sum;
    }

    private static BigInteger arctangentSeries(long a, long b) {
        BigInteger square = BigInteger.valueOf(a * a);
        BigInteger divisor = BigInteger.valueOf(b * b);
        BigInteger power = ONE.multiply(BigInteger.valueOf(a)).divide(BigInteger.valueOf(b));
        BigInteger sum = BigInteger.ZERO;
        for (long n = 1; power.signum() != 0; n += 2) {
            BigInteger term = power.divide(BigInteger.valueOf(n));
            sum = (n & 2) == 0 ? sum.add(term) : sum.subtract(term);
            power = power.multiply(square).divide(divisor);
        }
        return sum;
    }

    /// `ln((n + 1) / (n - 1))`.
    private static BigInteger twiceArtanhOfReciprocal(long n) {
        BigInteger divisor = BigInteger.valueOf(n * n);
        BigInteger power = ONE.shiftLeft(1).divide(BigInteger.valueOf(n));
        BigInteger sum = BigInteger.ZERO;
        for (long k = 1; power.signum() != 0; k += 2) {
            sum = sum.add(power.divide(BigInteger.valueOf(k)));
            power = power.divide(divisor);
        }
        return sum;
    }

    private static Wide[] arctangentsOf32nds() {
        Wide[] table = new Wide[33];
        for (int k = 0; k < table.length; k++) {
            table[k] = wide(arctangent(k, 32));
        }
        return table;
    }

    private static Wide[] exp2Minus1Of32nds() {
        BigInteger root = ONE.shiftLeft(1);
        for (int i = 0; i < 5; i++) {
            root = root.shiftLeft(SCALE).sqrt();
        }
        Wide[] table = new Wide[65];
        BigInteger power = ONE.shiftRight(1);
        for (int k = 0; k < table.length; k++) {
            // Every 32nd power is known exactly.
            power = k % 32 == 0 ? ONE.shiftLeft(k / 32).shiftRight(1) : power;
            table[k] = wide(power.subtract(ONE));
            power = power.multiply(root).shiftRight(SCALE);
        }
        return table;
    }

    private static Wide[] minusLog2Of256ths() {
        Wide[] table = new Wide[129];
        BigInteger log = LN_2_SCALED;
        table[0] = wide(ONE);
        for (int p = 129; p < 256; p++) {
            log = log.subtract(twiceArtanhOfReciprocal(2L * p - 1));
            table[p - 128] = wide(log.shiftLeft(SCALE).divide(LN_2_SCALED));
        }
        table[128] = wide(BigInteger.ZERO);
        return table;
    }
}
