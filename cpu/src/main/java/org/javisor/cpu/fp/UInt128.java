// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// Steps of unsigned arithmetic with 128-bit numbers, each yielding one 64-bit half.
final class UInt128 {
    private static final long LOW_32 = 0xffff_ffffL;

    private UInt128() { }

    /// The upper half of `high:0 >>> shift`, for any shift from 0.
    static long shiftRightHigh(long high, int shift) {
        return shift < 64 ? high >>> shift : 0;
    }

    /// The lower half of `high:low >>> shift`, with a 1 in its lowest bit if any bit was lost.
    static long shiftRightJam(long high, long low, int shift) {
        if (shift == 0) {
            return low;
        }
        if (shift < 64) {
            return high << 64 - shift | low >>> shift | (low << 64 - shift != 0 ? 1 : 0);
        }
        if (shift == 64) {
            return high | (low != 0 ? 1 : 0);
        }
        if (shift < 128) {
            return high >>> shift - 64 | ((high << 128 - shift | low) != 0 ? 1 : 0);
        }
        return (high | low) != 0 ? 1 : 0;
    }

    /// `high:low / divisor`, where `high < divisor` and the divisor's highest bit is set; the remainder is
    /// `low - quotient * divisor`. Two digits of 32 bits.
    static long divide(long high, long low, long divisor) {
        long divisorHigh = divisor >>> 32;
        long divisorLow = divisor & LOW_32;
        long first = digit(high, low >>> 32, divisorHigh, divisorLow);
        long rest = (high << 32 | low >>> 32) - first * divisor;
        long second = digit(rest, low & LOW_32, divisorHigh, divisorLow);
        return (first << 32) + second;
    }

    /// One quotient digit of the three-digit number `high:next` by a two-digit one.
    private static long digit(long high, long next, long divisorHigh, long divisorLow) {
        long quotient = Long.divideUnsigned(high, divisorHigh);
        long rest = high - quotient * divisorHigh;
        // The estimate is at most two too large (Knuth, vol. 2, 4.3.1, theorem B).
        while (quotient > LOW_32 || Long.compareUnsigned(quotient * divisorLow, rest << 32 | next) > 0) {
            quotient--;
            rest += divisorHigh;
            if (rest > LOW_32) {
                break;
            }
        }
        return quotient;
    }
}
