// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Offsets in the image of FXSAVE.
///
/// @sdm vol. 2A "FXSAVE—Save x87 FPU, MMX Technology, and SSE State", Table 3-44
final class FxImage {
    /// Of [#FTW] bit n says that register n is not empty.
    static final int FCW = 0, FSW = 2, FTW = 4, MXCSR = 24, MXCSR_MASK = 28, ST = 32, XMM = 160, BYTES = 512;
    /// In the header that XSAVE adds.
    static final int XSTATE_BV = 512, XCOMP_BV = 520, HEADER_BYTES = 64;

    private FxImage() { }
}
