// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// Where x87 arithmetic leaves its result and what it raised, and the control word it works by. One per
/// processor, so that no operation allocates.
///
/// Exceptions and condition codes have their places in the status word. An operation starts with [#begin].
public final class Float80Context {
    /// Exceptions: invalid operation, denormal operand, zero divide, overflow, underflow, precision; stack
    /// fault.
    public static final int IE = 1, DE = 2, ZE = 4, OE = 8, UE = 16, PE = 32, SF = 64;
    public static final int ES = 1 << 7, C0 = 1 << 8, C1 = 1 << 9, C2 = 1 << 10, TOP = 7 << 11, C3 = 1 << 14,
            BUSY = 1 << 15;
    /// The maskable exceptions.
    public static final int EXCEPTIONS = 0x3f;
    /// Exceptions that, unmasked, prevent the operation.
    private static final int BEFORE_RESULT = IE | DE | ZE;

    /// Rounding control.
    public static final int NEAREST = 0, DOWN = 1, UP = 2, ZERO = 3;

    /// The result: sign and exponent, and significand.
    public int se;
    public long significand;
    /// Exceptions and condition codes, as bits of the status word.
    public int raised;

    /// Working registers of the transcendental functions.
    final Wide a = new Wide(), b = new Wide(), c = new Wide(), d = new Wide(), e = new Wide();

    private int controlWord = -1;
    private int rounding;
    private int precision;

    /// Adopts a control word.
    public void control(int fcw) {
        if (fcw != controlWord) {
            controlWord = fcw;
            rounding = fcw >> 10 & 3;
            precision = switch (fcw >> 8 & 3) {
                case 0 -> 24;
                case 2 -> 53;
                default -> 64;
            };
        }
    }

    /// Starts an operation: nothing raised yet.
    public void begin() {
        raised = 0;
    }

    /// [#NEAREST] and so on.
    public int rounding() {
        return rounding;
    }

    /// Significant bits of results: 24, 53 or 64.
    int precision() {
        return precision;
    }

    boolean isMasked(int exception) {
        return (controlWord & exception) != 0;
    }

    /// The exceptions raised that the control word does not mask.
    public int unmasked() {
        return raised & ~controlWord & EXCEPTIONS;
    }

    /// Whether an unmasked exception prevents the operation: there is no result, and what later steps raised
    /// does not count.
    public boolean isPrevented() {
        if ((raised & ~controlWord & BEFORE_RESULT) == 0) {
            return false;
        }
        raised &= BEFORE_RESULT | SF | C1 & -(raised & SF);
        return true;
    }

    /// Raises the denormal-operand exception if the operand is one.
    void noteDenormal(int se, long significand) {
        if (Float80.isDenormal(se, significand)) {
            raised |= DE;
        }
    }

    /// Takes back the denormal-operand exception that loading a narrower operand raised, until it is known
    /// whether a more important exception, or a NaN, hides it.
    ///
    /// @return whether it was raised
    public boolean takeDenormal() {
        boolean denormal = (raised & DE) != 0;
        raised &= ~DE;
        return denormal;
    }

    /// Raises the exception again, unless a division by zero hides it.
    public void addDenormal() {
        if ((raised & ZE) == 0) {
            raised |= DE;
        }
    }

    void result(int se, long significand) {
        this.se = se;
        this.significand = significand;
    }

    /// The masked response to an invalid operation.
    public void invalid() {
        raised |= IE;
        result(Float80.INDEFINITE_SE, Float80.INDEFINITE_SIGNIFICAND);
    }
}
