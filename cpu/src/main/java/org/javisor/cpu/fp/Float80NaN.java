// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// What becomes of operands that are no numbers.
///
/// @sdm vol. 1 §4.8.3.5 "Operating on SNaNs and QNaNs", table 4-7
final class Float80NaN {
    private Float80NaN() { }

    /// Sets the result if one of the operands is a NaN or unsupported.
    ///
    /// @return whether it did
    static boolean handles(Float80Context c, int ase, long a, int bse, long b) {
        if (Float80.isUnsupported(ase, a) || Float80.isUnsupported(bse, b)) {
            c.invalid();
            return true;
        }
        boolean aIsNaN = Float80.isNaN(ase, a);
        boolean bIsNaN = Float80.isNaN(bse, b);
        if (aIsNaN && bIsNaN) {
            propagateLarger(c, ase, a, bse, b);
        } else if (aIsNaN) {
            propagate(c, ase, a);
        } else if (bIsNaN) {
            propagate(c, bse, b);
        }
        return aIsNaN || bIsNaN;
    }

    /// As above, with one operand.
    static boolean handles(Float80Context c, int se, long significand) {
        if (Float80.isUnsupported(se, significand)) {
            c.invalid();
            return true;
        }
        if (Float80.isNaN(se, significand)) {
            propagate(c, se, significand);
            return true;
        }
        return false;
    }

    private static void propagate(Float80Context c, int se, long significand) {
        if ((significand & Float80.QUIET_BIT) == 0) {
            c.raised |= Float80Context.IE;
        }
        c.result(se, significand | Float80.QUIET_BIT);
    }

    /// Of a signaling and a quiet NaN the quiet one survives, else the one with the larger significand; of
    /// equal ones the positive.
    private static void propagateLarger(Float80Context c, int ase, long a, int bse, long b) {
        boolean aIsQuiet = (a & Float80.QUIET_BIT) != 0;
        boolean bIsQuiet = (b & Float80.QUIET_BIT) != 0;
        if (!aIsQuiet || !bIsQuiet) {
            c.raised |= Float80Context.IE;
        }
        int order = Long.compareUnsigned(a, b);
        boolean takesA = aIsQuiet != bIsQuiet ? aIsQuiet : order != 0 ? order > 0 : ase < bse;
        c.result(takesA ? ase : bse, (takesA ? a : b) | Float80.QUIET_BIT);
    }
}
