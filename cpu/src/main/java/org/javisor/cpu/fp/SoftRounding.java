// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import static org.javisor.cpu.fp.FloatContext.DOWN;
import static org.javisor.cpu.fp.FloatContext.NEAREST;
import static org.javisor.cpu.fp.FloatContext.OE;
import static org.javisor.cpu.fp.FloatContext.OM;
import static org.javisor.cpu.fp.FloatContext.PE;
import static org.javisor.cpu.fp.FloatContext.UE;
import static org.javisor.cpu.fp.FloatContext.UM;
import static org.javisor.cpu.fp.FloatContext.UP;

/// The last step of every operation: a value of unlimited range to the format, with overflow, underflow and
/// precision exceptions.
///
/// When an overflow or underflow is unmasked no result is written, so none is computed here: only the flags
/// count.
final class SoftRounding {
    /// Leading bit of significands once normalised.
    private static final int TOP = 62;

    private SoftRounding() { }

    /// Rounds `significand * 2^(exponent - bias - 61)`.
    ///
    /// @param significand not zero, below 2^63; its lowest bit is sticky
    static long round(FloatFormat f, boolean negative, int exponent, long significand, FloatContext context) {
        int zeros = Long.numberOfLeadingZeros(significand);
        long normalised = significand << zeros - 1;
        int biased = exponent + 2 - zeros;
        long mask = (1L << TOP - f.fractionBits) - 1;
        long increment = increment(mask, negative, context.rounding());
        long sign = negative ? f.sign : 0;
        return sign | (biased < 1
                ? roundSmall(f, biased, normalised, increment, mask, context)
                : roundNormal(f, biased, normalised, increment, mask, context));
    }

    /// What is added before the bits in `mask` are cut off.
    private static long increment(long mask, boolean negative, int rounding) {
        if (rounding == NEAREST) {
            return mask / 2 + 1;
        }
        return rounding == (negative ? DOWN : UP) ? mask : 0;
    }

    /// Cuts off the bits in `mask`; exact ties go to even.
    private static long cut(FloatFormat f, long significand, long increment, long mask,
            FloatContext context) {
        long cut = significand + increment >>> TOP - f.fractionBits;
        boolean tie = context.roundsToNearest() && (significand & mask) == mask / 2 + 1;
        return tie ? cut & ~1L : cut;
    }

    private static long roundNormal(FloatFormat f, int biased, long significand, long increment, long mask,
                                    FloatContext context) {
        boolean inexact = (significand & mask) != 0;
        // A carry out of the fraction increments the exponent, and leaves zero as fraction.
        long result = ((long) biased - 1 << f.fractionBits) + cut(f, significand, increment, mask, context);
        if (biased >= f.maxExponent || result >= f.infinity) {
            context.raise(inexact || context.masks(OM) ? OE | PE : OE);
            return increment == 0 ? f.infinity - 1 : f.infinity;
        }
        if (inexact) {
            context.raise(PE);
        }
        return result;
    }

    /// The exponent is too small for a normal number. It is tiny unless rounding, were the exponent
    /// unlimited, makes it the least normal one.
    private static long roundSmall(FloatFormat f, int biased, long significand, long increment, long mask,
                                   FloatContext context) {
        boolean tiny = biased < 0 || significand + increment >= 0;
        if (tiny && !context.masks(UM)) {
            context.raise((significand & mask) == 0 ? UE : UE | PE);
            return 0;
        }
        if (tiny && context.flushesToZero()) {
            context.raise(UE | PE);
            return 0;
        }
        int shift = 1 - biased;
        long denormal = shift > TOP ? 1
                : significand >>> shift | ((significand & (1L << shift) - 1) == 0 ? 0 : 1);
        if ((denormal & mask) != 0) {
            context.raise(tiny ? UE | PE : PE);
        }
        return cut(f, denormal, increment, mask, context);
    }
}
