// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// FADD and FSUB.
public final class Float80Addition {
    private Float80Addition() { }

    /// `a + b`.
    public static void add(Float80Context c, int ase, long a, int bse, long b) {
        if (Float80.isNormal(ase, a) && Float80.isNormal(bse, b)) {
            sum(c, ase & Float80.SIGN, ase & Float80.EXPONENT, a,
                    bse & Float80.SIGN, bse & Float80.EXPONENT, b);
        } else {
            addUnusual(c, ase, a, bse, b, 0);
        }
    }

    /// `a - b`.
    public static void subtract(Float80Context c, int ase, long a, int bse, long b) {
        if (Float80.isNormal(ase, a) && Float80.isNormal(bse, b)) {
            sum(c, ase & Float80.SIGN, ase & Float80.EXPONENT, a,
                    bse & Float80.SIGN ^ Float80.SIGN, bse & Float80.EXPONENT, b);
        } else {
            addUnusual(c, ase, a, bse, b, Float80.SIGN);
        }
    }

    /// @param flip what to invert in the sign of `b`, unless it is a NaN
    private static void addUnusual(Float80Context c, int ase, long a, int bse, long b, int flip) {
        if (Float80NaN.handles(c, ase, a, bse, b)) {
            return;
        }
        int bSigned = bse ^ flip;
        boolean aInfinite = Float80.isInfinite(ase, a);
        boolean bInfinite = Float80.isInfinite(bse, b);
        if (aInfinite && bInfinite && ase != bSigned) {
            c.invalid();
            return;
        }
        c.noteDenormal(ase, a);
        c.noteDenormal(bse, b);
        if (aInfinite) {
            c.result(ase, a);
        } else if (bInfinite) {
            c.result(bSigned, b);
        } else {
            addFinite(c, ase, a, bSigned, b);
        }
    }

    private static void addFinite(Float80Context c, int ase, long a, int bse, long b) {
        int aSign = ase & Float80.SIGN;
        int bSign = bse & Float80.SIGN;
        if (a == 0 && b == 0) {
            c.result(aSign == bSign ? aSign : zeroSign(c), 0);
        } else if (b == 0) {
            Float80Rounding.round(c, aSign, Float80.exponent(ase, a), Float80.normalized(a), 0);
        } else if (a == 0) {
            Float80Rounding.round(c, bSign, Float80.exponent(bse, b), Float80.normalized(b), 0);
        } else {
            sum(c, aSign, Float80.exponent(ase, a), Float80.normalized(a),
                    bSign, Float80.exponent(bse, b), Float80.normalized(b));
        }
    }

    /// The sign of an exact zero difference.
    private static int zeroSign(Float80Context c) {
        return c.rounding() == Float80Context.DOWN ? Float80.SIGN : 0;
    }

    /// Adds finite numbers with normalized significands.
    private static void sum(Float80Context c, int aSign, int aExponent, long a,
                            int bSign, int bExponent, long b) {
        int distance = aExponent - bExponent;
        if (aSign == bSign) {
            if (distance >= 0) {
                addMagnitudes(c, aSign, aExponent, a, b, distance);
            } else {
                addMagnitudes(c, aSign, bExponent, b, a, -distance);
            }
        } else if (distance > 0 || distance == 0 && Long.compareUnsigned(a, b) > 0) {
            subtractMagnitudes(c, aSign, aExponent, a, b, distance);
        } else if (distance == 0 && a == b) {
            c.result(zeroSign(c), 0);
        } else {
            subtractMagnitudes(c, bSign, bExponent, b, a, -distance);
        }
    }

    // Whether a sum carries, and where a difference starts, is as good as random: no branches for that.

    private static void addMagnitudes(Float80Context c, int sign, int exponent, long a, long b,
                                      int distance) {
        long addend = UInt128.shiftRightHigh(b, distance);
        long low = UInt128.shiftRightJam(b, 0, distance);
        long high = a + addend;
        int carry = (int) ((a & addend | (a | addend) & ~high) >>> 63);
        Float80Rounding.round(c, sign, exponent + carry, high >>> carry | (long) carry << 63,
                (high & carry) << 63 | low >>> carry | low & carry);
    }

    /// `a - (b >> distance)`, known to be positive.
    private static void subtractMagnitudes(Float80Context c, int sign, int exponent, long a, long b,
                                           int distance) {
        long low = -UInt128.shiftRightJam(b, 0, distance);
        long high = a - UInt128.shiftRightHigh(b, distance) - (low != 0 ? 1 : 0);
        if (high != 0) {
            int shift = Long.numberOfLeadingZeros(high);
            Float80Rounding.round(c, sign, exponent - shift, high << shift | low >>> 1 >>> 63 - shift,
                    low << shift);
        } else {
            int shift = Long.numberOfLeadingZeros(low);
            Float80Rounding.round(c, sign, exponent - 64 - shift, low << shift, 0);
        }
    }
}
