// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// FCOM and its relatives, FTST's included, and FXAM.
public final class Float80Comparison {
    /// Outcomes, as they stand in the condition codes.
    public static final int GREATER = 0, LESS = Float80Context.C0, EQUAL = Float80Context.C3,
            UNORDERED = Float80Context.C0 | Float80Context.C2 | Float80Context.C3;

    private static final int FXAM_NAN = Float80Context.C0, FXAM_NORMAL = Float80Context.C2,
            FXAM_INFINITY = Float80Context.C2 | Float80Context.C0, FXAM_ZERO = Float80Context.C3,
            FXAM_EMPTY = Float80Context.C3 | Float80Context.C0,
            FXAM_DENORMAL = Float80Context.C3 | Float80Context.C2;

    private Float80Comparison() { }

    /// Compares `a` with `b`.
    ///
    /// @param quiet whether quiet NaNs are no invalid operands (FUCOM)
    /// @return [#GREATER], [#LESS], [#EQUAL] or [#UNORDERED]
    public static int compare(Float80Context c, int ase, long a, int bse, long b, boolean quiet) {
        if (isNoNumber(ase, a) || isNoNumber(bse, b)) {
            if (!quiet || isInvalidWhenQuiet(ase, a) || isInvalidWhenQuiet(bse, b)) {
                c.raised |= Float80Context.IE;
            }
            return UNORDERED;
        }
        c.noteDenormal(ase, a);
        c.noteDenormal(bse, b);
        return order(ase, a, bse, b);
    }

    private static boolean isNoNumber(int se, long significand) {
        return Float80.isUnsupported(se, significand) || Float80.isNaN(se, significand);
    }

    private static boolean isInvalidWhenQuiet(int se, long significand) {
        return Float80.isUnsupported(se, significand) || Float80.isSignaling(se, significand);
    }

    private static int order(int ase, long a, int bse, long b) {
        if (Float80.isZero(ase, a) && Float80.isZero(bse, b)) {
            return EQUAL;
        }
        boolean aNegative = (ase & Float80.SIGN) != 0;
        if (((ase ^ bse) & Float80.SIGN) != 0) {
            return aNegative ? LESS : GREATER;
        }
        int order = orderOfMagnitudes(ase & Float80.EXPONENT, a, bse & Float80.EXPONENT, b);
        if (order == 0) {
            return EQUAL;
        }
        return order > 0 != aNegative ? GREATER : LESS;
    }

    private static int orderOfMagnitudes(int aExponent, long a, int bExponent, long b) {
        // A denormal has the exponent of the smallest normal numbers, which pseudo-denormals are.
        int order = Math.max(aExponent, 1) - Math.max(bExponent, 1);
        return order != 0 ? order : Long.compareUnsigned(a, b);
    }

    /// FXAM: the condition codes for a register's contents.
    public static int examine(int se, long significand, boolean empty) {
        int sign = (se & Float80.SIGN) != 0 ? Float80Context.C1 : 0;
        return sign | (empty ? FXAM_EMPTY : kind(se, significand));
    }

    private static int kind(int se, long significand) {
        int exponent = se & Float80.EXPONENT;
        if (exponent == 0) {
            return significand == 0 ? FXAM_ZERO : FXAM_DENORMAL;
        }
        if (significand >= 0) {
            return 0;
        }
        if (exponent != Float80.EXPONENT) {
            return FXAM_NORMAL;
        }
        return significand == Float80.INTEGER_BIT ? FXAM_INFINITY : FXAM_NAN;
    }
}
