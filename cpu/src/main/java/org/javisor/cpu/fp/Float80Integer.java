// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import static org.javisor.cpu.fp.Float80Context.C1;
import static org.javisor.cpu.fp.Float80Context.IE;
import static org.javisor.cpu.fp.Float80Context.PE;

/// Conversions from and to integers, and FRNDINT.
public final class Float80Integer {
    private Float80Integer() { }

    /// FILD.
    public static void fromLong(Float80Context c, long value) {
        if (value == 0) {
            c.result(0, 0);
            return;
        }
        long magnitude = Math.abs(value);
        int shift = Long.numberOfLeadingZeros(magnitude);
        c.result((value < 0 ? Float80.SIGN : 0) | Float80.BIAS + 63 - shift, magnitude << shift);
    }

    /// FIST: by the rounding control.
    ///
    /// @param bytes 2, 4 or 8
    public static long toInteger(Float80Context c, int se, long significand, int bytes) {
        return toInteger(c, se, significand, bytes, c.rounding());
    }

    /// FISTTP.
    public static long toIntegerTruncating(Float80Context c, int se, long significand, int bytes) {
        return toInteger(c, se, significand, bytes, Float80Context.ZERO);
    }

    private static long toInteger(Float80Context c, int se, long significand, int bytes, int rounding) {
        long limit = 1L << 8 * bytes - 1;
        boolean negative = (se & Float80.SIGN) != 0;
        int raised = c.raised;
        long magnitude = magnitude(c, se, significand, rounding);
        if (isOutOfRange(se, significand)
                || Long.compareUnsigned(magnitude, negative ? limit : limit - 1) > 0) {
            c.raised = raised | IE;
            return -limit;
        }
        return negative ? -magnitude : magnitude;
    }

    /// Whether the value is no number, or too large for any integer type here.
    private static boolean isOutOfRange(int se, long significand) {
        return Float80.isUnsupported(se, significand) || (se & Float80.EXPONENT) > Float80.BIAS + 63;
    }

    /// The rounded magnitude of a value below 2^64; raises what the rounding does. 2^64 itself, to which a
    /// value may be rounded, cannot occur: there are no fractions that high.
    static long magnitude(Float80Context c, int se, long significand, int rounding) {
        if (significand == 0) {
            return 0;
        }
        int shift = Float80.BIAS + 63 - Math.max(se & Float80.EXPONENT, 1);
        if (shift <= 0) {
            return significand;
        }
        long kept = UInt128.shiftRightHigh(significand, shift);
        long rest = UInt128.shiftRightJam(significand, 0, shift);
        if (rest == 0) {
            return kept;
        }
        c.raised |= PE;
        if (Float80Rounding.roundsUp(rounding, se & Float80.SIGN, (kept & 1) != 0, rest)) {
            c.raised |= C1;
            kept++;
        }
        return kept;
    }

    /// FRNDINT.
    public static void round(Float80Context c, int se, long significand) {
        if (Float80NaN.handles(c, se, significand)) {
            return;
        }
        c.noteDenormal(se, significand);
        if (significand == 0 || (se & Float80.EXPONENT) >= Float80.BIAS + 63) {
            c.result(se, significand);
            return;
        }
        int sign = se & Float80.SIGN;
        long magnitude = magnitude(c, se, significand, c.rounding());
        if (magnitude == 0) {
            c.result(sign, 0);
        } else {
            int shift = Long.numberOfLeadingZeros(magnitude);
            c.result(sign | Float80.BIAS + 63 - shift, magnitude << shift);
        }
    }
}
