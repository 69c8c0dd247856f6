// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// How one SSE instruction is to compute, and what happened meanwhile: a copy of MXCSR and the flags raised.
/// One per processor, so that operations on `int` and `long` can report flags without allocating.
///
/// @sdm vol. 1 §10.2.3 "MXCSR Control and Status Register"
public final class FloatContext {
    /// Exception flags: invalid operation, denormal operand, division by zero, overflow, underflow,
    /// precision.
    public static final int IE = 1, DE = 2, ZE = 4, OE = 8, UE = 16, PE = 32;
    /// Of a masked exception.
    public static final int IM = 1 << 7, DM = 1 << 8, ZM = 1 << 9, OM = 1 << 10, UM = 1 << 11, PM = 1 << 12;
    public static final int ALL_FLAGS = 0x3f, MASK_SHIFT = 7;
    /// Denormals are zeros, flush to zero.
    public static final int DAZ = 1 << 6, FZ = 1 << 15;

    // Rounding control; TRUNCATE is also that of CVTT instructions.
    public static final int NEAREST = 0, DOWN = 1, UP = 2, TRUNCATE = 3;
    private static final int RC_SHIFT = 13, RC = 3 << RC_SHIFT;

    private int mxcsr;
    private int flags;

    /// Starts an instruction.
    public void begin(int mxcsr) {
        this.mxcsr = mxcsr;
        this.flags = 0;
    }

    /// Rounds as told rather than as MXCSR says.
    void roundTowards(int rounding) {
        mxcsr = mxcsr & ~RC | rounding << RC_SHIFT;
    }

    /// Lets tiny results be denormal whatever MXCSR says.
    void keepTinyResults() {
        mxcsr &= ~FZ;
    }

    /// Flags raised since [#begin].
    public int flags() {
        return flags;
    }

    void raise(int flags) {
        this.flags |= flags;
    }

    int rounding() {
        return mxcsr >> RC_SHIFT & 3;
    }

    boolean roundsToNearest() {
        return (mxcsr & RC) == 0;
    }

    boolean masks(int mask) {
        return (mxcsr & mask) != 0;
    }

    boolean denormalsAreZeros() {
        return (mxcsr & DAZ) != 0;
    }

    boolean flushesToZero() {
        return (mxcsr & FZ) != 0;
    }

    /// Whether it makes no difference any more that a result is inexact: PE is sticky, already set and
    /// masked.
    boolean ignoresInexact() {
        return (mxcsr & (PM | PE)) == (PM | PE);
    }
}
