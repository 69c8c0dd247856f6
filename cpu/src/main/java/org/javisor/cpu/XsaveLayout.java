// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Where the state components lie in an XSAVE area. x87 and SSE have their fixed place in the legacy region;
/// those from 2 on have a row each below, which CPUID leaf 0xD and the XSAVE instructions both read.
///
/// ```
///    0  legacy region: x87 state, MXCSR, XMM registers (the FXSAVE image)
///  512  header: XSTATE_BV, XCOMP_BV, 48 bytes reserved
///  576  extended region: at fixed offsets (standard form) or packed (compacted form)
/// ```
///
/// @sdm vol. 1 §13.4 "XSAVE Area"
final class XsaveLayout {
    static final int X87 = 1, SSE = 2, AVX = 4, PKRU = 1 << 9, CET_U = 1 << 11, CET_S = 1 << 12;
    /// What instructions with a VEX prefix need in XCR0.
    static final int VECTOR_STATE = SSE | AVX;
    static final int LEGACY_BYTES = 512;
    static final int HEADER = 512;
    static final int HEADER_BYTES = 64;
    static final int XSTATE_BV = HEADER, XCOMP_BV = HEADER + 8;
    static final int EXTENDED = HEADER + HEADER_BYTES;
    /// XCOMP_BV bit that says the area is compacted.
    static final long COMPACTED = 1L << 63;

    /// A state component in the extended region.
    ///
    /// @param number     its bit in XCR0 or IA32_XSS
    /// @param offset     in the standard form; 0 for supervisor components, which have none
    /// @param aligned    whether it starts on a 64-byte boundary in the compacted form
    /// @param supervisor whether IA32_XSS enables it
    record Component(int number, int offset, int bytes, boolean aligned, boolean supervisor) {
        long mask() {
            return 1L << number;
        }
    }

    /// In ascending order: the upper halves of the YMM registers; PKRU; IA32_U_CET and
    /// IA32_PL3_SSP; IA32_PL0_SSP to IA32_PL2_SSP.
    static final Component[] COMPONENTS = {new Component(2, EXTENDED, 256, false, false),
        new Component(9, EXTENDED + 256, 8, false, false), new Component(11, 0, 16, false, true),
        new Component(12, 0, 24, false, true)};

    /// What XCR0 may hold on a processor with every feature; see [CpuidModel#xcr0Supported].
    static final long XCR0_SUPPORTED = X87 | SSE | supported(false);
    /// What IA32_XSS may hold.
    static final long XSS_SUPPORTED = supported(true);

    private XsaveLayout() { }

    private static long supported(boolean supervisor) {
        long mask = 0;
        for (Component component : COMPONENTS) {
            mask |= component.supervisor == supervisor ? component.mask() : 0;
        }
        return mask;
    }

    /// Bytes of an area in the standard form that has room for the components in `mask`.
    static int standardBytes(long mask) {
        int end = EXTENDED;
        for (Component component : COMPONENTS) {
            if ((mask & component.mask()) != 0) {
                end = Math.max(end, component.offset + component.bytes);
            }
        }
        return end;
    }

    /// Where component `number` starts in an area whose XCOMP_BV is `format`, 0 for the standard form.
    static int offset(long format, int number) {
        if (format != 0) {
            return compactedOffset(format & ~COMPACTED, number);
        }
        for (Component component : COMPONENTS) {
            if (component.number == number) {
                return component.offset;
            }
        }
        throw new AssertionError(number);
    }

    /// Where component `number` starts in a compacted area that holds `mask`; with a number above all, where
    /// the area ends.
    static int compactedOffset(long mask, int number) {
        int at = EXTENDED;
        for (Component component : COMPONENTS) {
            boolean held = (mask & component.mask()) != 0;
            if (held && component.aligned) {
                at = at + 63 & -64;
            }
            if (component.number == number) {
                return at;
            }
            at += held ? component.bytes : 0;
        }
        return at;
    }

    static int compactedBytes(long mask) {
        return compactedOffset(mask, Long.SIZE);
    }
}
