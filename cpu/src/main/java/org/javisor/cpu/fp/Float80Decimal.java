// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// Packed decimal integers of 18 digits: FBLD and FBSTP. In memory, 9 bytes of two digits each, then the
/// sign.
public final class Float80Decimal {
    private static final long LIMIT = 999_999_999_999_999_999L;
    private static final int DIGITS_LOW = 16;

    private Float80Decimal() { }

    /// FBLD.
    ///
    /// @param low  the lower 16 digits
    /// @param high the other two, and the sign in bit 15
    public static void load(Float80Context c, long low, int high) {
        long magnitude = (high >> 4 & 15) * 10L + (high & 15);
        for (int shift = 4 * (DIGITS_LOW - 1); shift >= 0; shift -= 4) {
            magnitude = magnitude * 10 + (low >>> shift & 15);
        }
        Float80Integer.fromLong(c, magnitude);
        c.se |= high & Float80.SIGN;
    }

    /// FBSTP: leaves the digits in `c.significand` and the last two, with the sign, in `c.se`.
    public static void store(Float80Context c, int se, long significand) {
        int raised = c.raised;
        long magnitude = Float80Integer.magnitude(c, se, significand, c.rounding());
        if (Float80.isUnsupported(se, significand) || (se & Float80.EXPONENT) > Float80.BIAS + 63
                || Long.compareUnsigned(magnitude, LIMIT) > 0) {
            c.raised = raised;
            c.invalid();
            return;
        }
        long digits = 0;
        for (int shift = 0; shift < 4 * DIGITS_LOW; shift += 4) {
            digits |= magnitude % 10 << shift;
            magnitude /= 10;
        }
        c.result(se & Float80.SIGN | (int) (magnitude / 10 << 4 | magnitude % 10), digits);
    }
}
