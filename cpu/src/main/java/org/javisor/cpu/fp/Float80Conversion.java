// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import static org.javisor.cpu.fp.Float80Context.C1;
import static org.javisor.cpu.fp.Float80Context.OE;
import static org.javisor.cpu.fp.Float80Context.PE;
import static org.javisor.cpu.fp.Float80Context.UE;

/// Conversions between the extended format and the single and double formats in memory.
public final class Float80Conversion {
    private static final int SINGLE_FRACTION = 23, SINGLE_EXPONENT = 8;
    private static final int DOUBLE_FRACTION = 52, DOUBLE_EXPONENT = 11;

    private Float80Conversion() { }

    /// FLD m32, and the operand of arithmetic with m32. Signaling NaNs stay so: the user of the value
    /// decides.
    public static void widenSingle(Float80Context c, int bits) {
        widen(c, bits & 0xffff_ffffL, SINGLE_FRACTION, SINGLE_EXPONENT);
    }

    /// FLD m64, and the operand of arithmetic with m64.
    public static void widenDouble(Float80Context c, long bits) {
        widen(c, bits, DOUBLE_FRACTION, DOUBLE_EXPONENT);
    }

    private static void widen(Float80Context c, long bits, int fractionBits, int exponentBits) {
        int sign = (int) (bits >>> fractionBits + exponentBits) << 15;
        int special = (1 << exponentBits) - 1;
        int exponent = (int) (bits >>> fractionBits) & special;
        long fraction = bits << 63 - fractionBits & Long.MAX_VALUE;
        if (exponent == 0) {
            widenTiny(c, sign, fraction, 1 - (special >> 1));
        } else if (exponent == special) {
            c.result(sign | Float80.EXPONENT, fraction | Float80.INTEGER_BIT);
        } else {
            c.result(sign | exponent - (special >> 1) + Float80.BIAS, fraction | Float80.INTEGER_BIT);
        }
    }

    /// Zero or a denormal, which becomes normal in the larger format.
    private static void widenTiny(Float80Context c, int sign, long fraction, int exponent) {
        if (fraction == 0) {
            c.result(sign, 0);
            return;
        }
        c.raised |= Float80Context.DE;
        int shift = Long.numberOfLeadingZeros(fraction);
        c.result(sign | exponent + Float80.BIAS - shift, fraction << shift);
    }

    /// Makes a signaling NaN in the result quiet, and invalid: the last step of FLD.
    public static void quieten(Float80Context c) {
        if (Float80.isSignaling(c.se, c.significand)) {
            c.raised |= Float80Context.IE;
            c.significand |= Float80.QUIET_BIT;
        }
    }

    /// FST m32.
    ///
    /// @return the bits to store, unless an unmasked exception among IE, OE and UE prevents it
    public static int toSingle(Float80Context c, int se, long significand) {
        return (int) narrow(c, se, significand, SINGLE_FRACTION, SINGLE_EXPONENT);
    }

    /// FST m64.
    public static long toDouble(Float80Context c, int se, long significand) {
        return narrow(c, se, significand, DOUBLE_FRACTION, DOUBLE_EXPONENT);
    }

    private static long narrow(Float80Context c, int se, long significand, int fractionBits,
                               int exponentBits) {
        int special = (1 << exponentBits) - 1;
        long sign = (long) (se >> 15 & 1) << fractionBits + exponentBits;
        if (Float80NaN.handles(c, se, significand)) {
            return (long) (c.se >> 15 & 1) << fractionBits + exponentBits | (long) special << fractionBits
                    | (c.significand & Long.MAX_VALUE) >>> 63 - fractionBits;
        }
        if (significand == 0) {
            return sign;
        }
        if (Float80.isInfinite(se, significand)) {
            return sign | (long) special << fractionBits;
        }
        int exponent = Float80.exponent(se, significand) - Float80.BIAS + (special >> 1);
        long normalized = Float80.normalized(significand);
        return exponent > 0
                ? sign | narrowNormal(c, se, exponent, normalized, fractionBits, special)
                : sign | narrowTiny(c, se, exponent, normalized, fractionBits);
    }

    private static long narrowNormal(Float80Context c, int se, int exponent, long significand,
                                     int fractionBits, int special) {
        if (exponent >= special) {
            return overflow(c, se, fractionBits, special);
        }
        long kept = significand >>> 63 - fractionBits;
        long rest = significand << fractionBits + 1;
        boolean up = Float80Rounding.roundsUp(c.rounding(), se & Float80.SIGN, (kept & 1) != 0, rest);
        // A carry out of the significand runs into the exponent, where it belongs; the integer bit counts one
        // there.
        long rounded = ((long) (exponent - 1) << fractionBits) + kept + (up ? 1 : 0);
        if (rounded >>> fractionBits >= special) {
            return overflow(c, se, fractionBits, special);
        }
        noteInexact(c, rest != 0, up);
        return rounded;
    }

    private static void noteInexact(Float80Context c, boolean inexact, boolean up) {
        if (inexact) {
            c.raised |= up ? PE | C1 : PE;
        }
    }

    private static long overflow(Float80Context c, int se, int fractionBits, int special) {
        boolean toInfinity = Float80Rounding.roundsUp(c.rounding(), se & Float80.SIGN, true, -1);
        c.raised |= OE;
        if (c.isMasked(OE)) {
            noteInexact(c, true, toInfinity);
        }
        return ((long) special << fractionBits) - (toInfinity ? 0 : 1);
    }

    /// A value whose exponent is below the format's: a denormal, or rounded up to the smallest normal number.
    private static long narrowTiny(Float80Context c, int se, int exponent, long significand,
                                   int fractionBits) {
        int sign = se & Float80.SIGN;
        int shift = Math.min(63 - fractionBits + 1 - exponent, 128);
        long kept = UInt128.shiftRightHigh(significand, shift);
        long rest = UInt128.shiftRightJam(significand, 0, shift);
        boolean up = Float80Rounding.roundsUp(c.rounding(), sign, (kept & 1) != 0, rest);
        boolean tiny = exponent < 0 || !carries(c, sign, significand, fractionBits);
        if (tiny && (rest != 0 || !c.isMasked(UE))) {
            c.raised |= UE;
            if (!c.isMasked(UE)) {
                return 0;
            }
        }
        noteInexact(c, rest != 0, up);
        return kept + (up ? 1 : 0);
    }

    /// Whether rounding to the format's precision, whatever the exponent, carries into the next power of two.
    private static boolean carries(Float80Context c, int sign, long significand, int fractionBits) {
        long ulp = 1L << 63 - fractionBits;
        return (significand & -ulp) == -ulp
                && Float80Rounding.roundsUp(c.rounding(), sign, true, significand << fractionBits + 1);
    }
}
