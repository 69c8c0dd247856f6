// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// The double extended-precision format: what its encodings mean.
///
/// A value travels as two primitives: `se`, its sign and biased exponent (16 bits), and its 64-bit
/// significand.
///
/// ```
///   se: 15   14 .............. 0      significand: 63 | 62 ............ 0
///       sign biased exponent                        integer bit | fraction
/// ```
///
/// @sdm vol. 1 §4.2.2 "Floating-Point Data Types", §8.2.2 "Unsupported Double Extended-Precision
///     Floating-Point Encodings"
public final class Float80 {
    public static final int SIGN = 0x8000, EXPONENT = 0x7fff, BIAS = 16383;
    public static final long INTEGER_BIT = Long.MIN_VALUE, QUIET_BIT = 1L << 62;
    /// What an invalid operation yields ("QNaN floating-point indefinite").
    public static final int INDEFINITE_SE = 0xffff;
    public static final long INDEFINITE_SIGNIFICAND = INTEGER_BIT | QUIET_BIT;

    private Float80() { }

    /// Whether the value is finite, not zero and in normal form: what the fast paths are made for.
    static boolean isNormal(int se, long significand) {
        return (se + 1 & EXPONENT) > 1 && significand < 0;
    }

    /// Unnormals, pseudo-infinities and pseudo-NaNs, which the 387 and later reject as operands.
    public static boolean isUnsupported(int se, long significand) {
        return (se & EXPONENT) != 0 && significand >= 0;
    }

    public static boolean isZero(int se, long significand) {
        return (se & EXPONENT) == 0 && significand == 0;
    }

    /// Denormals, and pseudo-denormals with their integer bit set.
    public static boolean isDenormal(int se, long significand) {
        return (se & EXPONENT) == 0 && significand != 0;
    }

    public static boolean isFinite(int se) {
        return (se & EXPONENT) != EXPONENT;
    }

    public static boolean isInfinite(int se, long significand) {
        return (se & EXPONENT) == EXPONENT && significand == INTEGER_BIT;
    }

    public static boolean isNaN(int se, long significand) {
        return (se & EXPONENT) == EXPONENT && significand < 0 && significand != INTEGER_BIT;
    }

    public static boolean isSignaling(int se, long significand) {
        return isNaN(se, significand) && (significand & QUIET_BIT) == 0;
    }

    /// The biased exponent that a finite nonzero value has once its significand is [#normalized].
    static int exponent(int se, long significand) {
        int exponent = se & EXPONENT;
        return exponent != 0 ? exponent : 1 - Long.numberOfLeadingZeros(significand);
    }

    /// The significand shifted so that its integer bit is set; 0 stays 0.
    static long normalized(long significand) {
        return significand << Long.numberOfLeadingZeros(significand);
    }
}
