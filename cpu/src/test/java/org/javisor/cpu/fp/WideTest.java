// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// The working registers beside exact integers: errors of a few units of the 128th bit.
class WideTest {
    private static final int CASES = 50_000;
    /// Scale of the exact numbers, and the error allowed, relative to a result.
    private static final int SCALE = 512, ALLOWED_BITS = 124;

    private final long seed = Long.getLong("javisor.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);

    private Wide next() {
        long high = word() | Long.MIN_VALUE;
        return new Wide().set(random.nextBoolean(), random.nextInt(-40, 40), high, word());
    }

    private long word() {
        return switch (random.nextInt(5)) {
            case 0 -> 0;
            case 1 -> -1L;
            case 2 -> random.nextInt(-3, 4);
            default -> random.nextLong();
        };
    }

    private static BigInteger exact(Wide wide) {
        BigInteger words = new BigInteger(Long.toUnsignedString(wide.high)).shiftLeft(64)
                .add(new BigInteger(Long.toUnsignedString(wide.low)));
        BigInteger scaled = words.shiftLeft(SCALE + wide.exponent - 127);
        return wide.negative ? scaled.negate() : scaled;
    }

    private void assertNear(BigInteger expected, Wide actual, BigInteger magnitude) {
        BigInteger error = exact(actual).subtract(expected).abs();
        assertTrue(error.compareTo(magnitude.abs().shiftRight(ALLOWED_BITS)) <= 0,
                () -> "%s instead of %s, seed %d".formatted(exact(actual), expected, seed));
        assertTrue(actual.isZero() || actual.high < 0, "not normalized, seed " + seed);
    }

    @Test
    void sumsAreNearTheExactOnes() {
        for (int i = 0; i < CASES; i++) {
            Wide a = next();
            Wide b = next();
            BigInteger expected = exact(a).add(exact(b));
            assertNear(expected, new Wide().set(a).add(b), exact(a).abs().max(exact(b).abs()));
        }
    }

    @Test
    void productsAreNearTheExactOnes() {
        for (int i = 0; i < CASES; i++) {
            Wide a = next();
            Wide b = next();
            BigInteger expected = exact(a).multiply(exact(b)).shiftRight(SCALE);
            assertNear(expected, new Wide().set(a).multiply(b), expected);
        }
    }

    @Test
    void quotientsAreNearTheExactOnes() {
        for (int i = 0; i < CASES; i++) {
            Wide a = next();
            Wide b = random.nextInt(4) == 0 ? new Wide().set(false, 0, a.high, word()) : next();
            BigInteger expected = exact(a).shiftLeft(SCALE).divide(exact(b));
            assertNear(expected, new Wide().set(a).divide(b), expected);
        }
    }
}
