// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import static org.javisor.cpu.fp.Float80Context.C1;
import static org.javisor.cpu.fp.Float80Context.OE;
import static org.javisor.cpu.fp.Float80Context.PE;
import static org.javisor.cpu.fp.Float80Context.UE;

/// The last step of every operation: an exact result, or one with its excess bits condensed into the lowest,
/// becomes one of 64, 53 or 24 bits, and overflows or underflows.
///
/// @sdm vol. 1 §4.8.4 "Rounding", §4.9.1.4 "Numeric Overflow Exception", §4.9.1.5 "Numeric Underflow
///     Exception"
final class Float80Rounding {
    /// What the exponent of an unmasked overflow's or underflow's result is off by.
    static final int BIAS_ADJUSTMENT = 24576;

    private Float80Rounding() { }

    /// Rounds to the precision of the control word. The value is `high.low × 2^(exponent - BIAS)` with the
    /// binary point behind the highest bit of `high`, which is set.
    ///
    /// @param sign     0 or [Float80#SIGN]
    /// @param exponent biased, of any size
    static void round(Float80Context c, int sign, int exponent, long high, long low) {
        if (c.precision() == 64 && exponent > 0 && exponent < Float80.EXPONENT - 1) {
            roundNormal(c, sign, exponent, high, low);
        } else {
            round(c, sign, exponent, high, low, c.precision());
        }
    }

    /// Rounds to 64 bits whatever the control word says, as all but the basic operations do.
    static void roundExtended(Float80Context c, int sign, int exponent, long high, long low) {
        round(c, sign, exponent, high, low, 64);
    }

    private static void roundNormal(Float80Context c, int sign, int exponent, long high, long low) {
        if (low == 0) {
            c.result(sign | exponent, high);
            return;
        }
        long up = c.rounding() == Float80Context.NEAREST ? nearestIncrement(high, low)
                : roundsUp(c.rounding(), sign, (high & 1) != 0, low) ? 1 : 0;
        c.raised |= PE | (int) up * C1;
        long significand = high + up;
        if (significand < 0) {
            c.result(sign | exponent, significand);
        } else {
            c.result(sign | exponent + 1, Float80.INTEGER_BIT);
        }
    }

    /// 1 or 0, without a branch: which way a number is rounded is as good as random.
    private static long nearestIncrement(long significand, long rest) {
        long beyondHalf = rest << 1;
        return rest >>> 63 & (significand | (beyondHalf | -beyondHalf) >>> 63);
    }

    /// Whether to round away from zero.
    ///
    /// @param odd  the last bit kept
    /// @param rest the bits dropped, from the highest on; the lowest stands for all that follow
    static boolean roundsUp(int rounding, int sign, boolean odd, long rest) {
        return switch (rounding) {
            case Float80Context.NEAREST -> rest < 0 && (odd || rest != Long.MIN_VALUE);
            case Float80Context.DOWN -> sign != 0 && rest != 0;
            case Float80Context.UP -> sign == 0 && rest != 0;
            default -> false;
        };
    }

    private static void round(Float80Context c, int sign, int exponent, long high, long low, int precision) {
        if (exponent <= 0 && isTiny(c, sign, exponent, high, low, precision)) {
            underflow(c, sign, exponent, high, low, precision);
            return;
        }
        long rest = rest(high, low, precision);
        long ulp = 1L << 64 - precision;
        long significand = high & -ulp;
        boolean up = roundsUp(c.rounding(), sign, (significand & ulp) != 0, rest);
        int biased = exponent;
        if (up) {
            significand += ulp;
            if (significand == 0) {
                significand = Float80.INTEGER_BIT;
                biased++;
            }
        }
        if (biased >= Float80.EXPONENT) {
            overflow(c, sign, biased, significand, precision);
            if (c.isMasked(OE)) {
                return;
            }
        } else {
            c.result(sign | biased, significand);
        }
        noteInexact(c, rest != 0, up);
    }

    /// The bits of `high` and `low` behind the first `precision`, left-aligned.
    private static long rest(long high, long low, int precision) {
        return precision == 64 ? low : high << precision | (low != 0 ? 1 : 0);
    }

    private static void noteInexact(Float80Context c, boolean inexact, boolean up) {
        if (inexact) {
            c.raised |= PE;
        }
        if (up) {
            c.raised |= C1;
        }
    }

    /// Tininess is detected after rounding: a value that rounds up to the smallest normal number is not tiny.
    private static boolean isTiny(Float80Context c, int sign, int exponent, long high, long low,
                                  int precision) {
        long ulp = 1L << 64 - precision;
        return exponent < 0 || (high & -ulp) != -ulp
                || !roundsUp(c.rounding(), sign, true, rest(high, low, precision));
    }

    private static void overflow(Float80Context c, int sign, int exponent, long significand, int precision) {
        c.raised |= OE;
        if (!c.isMasked(OE)) {
            adjusted(c, sign, exponent - BIAS_ADJUSTMENT, significand);
            return;
        }
        boolean toInfinity = roundsUp(c.rounding(), sign, true, -1);
        c.raised |= toInfinity ? PE | C1 : PE;
        if (toInfinity) {
            c.result(sign | Float80.EXPONENT, Float80.INTEGER_BIT);
        } else {
            c.result(sign | Float80.EXPONENT - 1, -1L << 64 - precision);
        }
    }

    /// A result with its exponent adjusted for an unmasked exception; infinity or zero where not even that
    /// suffices, whatever the rounding control.
    private static void adjusted(Float80Context c, int sign, int exponent, long significand) {
        if (exponent >= Float80.EXPONENT) {
            c.raised |= PE | C1;
            c.result(sign | Float80.EXPONENT, Float80.INTEGER_BIT);
        } else if (exponent <= 0) {
            c.raised |= PE;
            c.result(sign, 0);
        } else {
            c.result(sign | exponent, significand);
        }
    }

    private static void underflow(Float80Context c, int sign, int exponent, long high, long low,
                                  int precision) {
        if (!c.isMasked(UE)) {
            c.raised |= UE;
            underflowAdjusted(c, sign, exponent, high, low, precision);
            return;
        }
        int shift = 1 - exponent;
        long shiftedHigh = UInt128.shiftRightHigh(high, shift);
        long shiftedLow = UInt128.shiftRightJam(high, low, shift);
        long rest = rest(shiftedHigh, shiftedLow, precision);
        long ulp = 1L << 64 - precision;
        long significand = shiftedHigh & -ulp;
        boolean up = roundsUp(c.rounding(), sign, (significand & ulp) != 0, rest);
        if (up) {
            significand += ulp;
        }
        if (rest != 0) {
            c.raised |= UE;
        }
        noteInexact(c, rest != 0, up);
        c.result(sign | (significand < 0 ? 1 : 0), significand);
    }

    private static void underflowAdjusted(Float80Context c, int sign, int exponent, long high, long low,
                                          int precision) {
        int wrapped = exponent + BIAS_ADJUSTMENT;
        if (wrapped > 0) {
            round(c, sign, wrapped, high, low, precision);
        } else {
            adjusted(c, sign, wrapped, high);
        }
    }
}
