// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RDX;

import org.javisor.isa.Mnemonic;

/// Division: #DE for a divisor of 0 and for a quotient that does not fit. Flags, all undefined, stay.
///
/// @sdm vol. 2A "DIV—Unsigned Divide", "IDIV—Signed Divide"
final class Divide {
    private Divide() { }

    static void bind(Bindings.Binder binder) {
        binder.choose(Mnemonic.DIV, insn -> insn.bytes0 == 8 ? Divide::div8 : Divide::div)
                .choose(Mnemonic.IDIV, insn -> insn.bytes0 == 8 ? Divide::idiv8 : Divide::idiv);
    }

    private static void div(Cpu cpu, Insn insn) {
        int bytes = insn.bytes0;
        long divisor = cpu.read(insn, 0);
        if (divisor == 0) {
            throw cpu.fault(GuestFault.DE);
        }
        long dividend = dividend(cpu, bytes);
        long quotient = Long.divideUnsigned(dividend, divisor);
        if (Long.compareUnsigned(quotient, Cpu.mask(bytes)) > 0) {
            throw cpu.fault(GuestFault.DE);
        }
        store(cpu, bytes, quotient, Long.remainderUnsigned(dividend, divisor));
    }

    private static void idiv(Cpu cpu, Insn insn) {
        int bytes = insn.bytes0;
        long divisor = Flags.signExtend(cpu.read(insn, 0), bytes);
        if (divisor == 0) {
            throw cpu.fault(GuestFault.DE);
        }
        long dividend = Flags.signExtend(dividend(cpu, bytes), 2 * bytes);
        // The one quotient that Java wraps, Long.MIN_VALUE / -1, does not fit 32 bits whichever way it is
        // taken.
        long quotient = dividend / divisor;
        if (quotient != Flags.signExtend(quotient, bytes)) {
            throw cpu.fault(GuestFault.DE);
        }
        store(cpu, bytes, quotient, dividend % divisor);
    }

    /// AX, DX:AX or EDX:EAX, zero-extended.
    private static long dividend(Cpu cpu, int bytes) {
        return bytes == 1 ? cpu.reg16(RAX) : cpu.reg(RDX, bytes) << 8 * bytes | cpu.reg(RAX, bytes);
    }

    private static void store(Cpu cpu, int bytes, long quotient, long remainder) {
        if (bytes == 1) {
            cpu.reg16(RAX, (int) (remainder << 8 | quotient & 0xff));
        } else {
            cpu.reg(RAX, bytes, quotient);
            cpu.reg(RDX, bytes, remainder);
        }
    }

    private static void div8(Cpu cpu, Insn insn) {
        long divisor = cpu.read(insn, 0);
        long high = cpu.reg64(RDX);
        long low = cpu.reg64(RAX);
        // The quotient fits exactly when the upper half is below the divisor; 0 never is above it.
        if (Long.compareUnsigned(high, divisor) >= 0) {
            throw cpu.fault(GuestFault.DE);
        }
        long quotient = divide(high, low, divisor);
        cpu.reg64(RAX, quotient);
        cpu.reg64(RDX, low - quotient * divisor);
    }

    private static void idiv8(Cpu cpu, Insn insn) {
        long divisor = cpu.read(insn, 0);
        long high = cpu.reg64(RDX);
        long low = cpu.reg64(RAX);
        boolean negative = high < 0;
        boolean negativeQuotient = negative != divisor < 0;
        long magnitude = Math.abs(divisor);
        long magnitudeLow = negative ? -low : low;
        long magnitudeHigh = negative ? ~high + (low == 0 ? 1 : 0) : high;
        if (Long.compareUnsigned(magnitudeHigh, magnitude) >= 0) {
            throw cpu.fault(GuestFault.DE);
        }
        long quotient = divide(magnitudeHigh, magnitudeLow, magnitude);
        // As a magnitude it may reach 2^63, but only if it is to be negative.
        if (quotient < 0 && !(negativeQuotient && quotient == Long.MIN_VALUE)) {
            throw cpu.fault(GuestFault.DE);
        }
        long remainder = magnitudeLow - quotient * magnitude;
        cpu.reg64(RAX, negativeQuotient ? -quotient : quotient);
        cpu.reg64(RDX, negative ? -remainder : remainder);
    }

    /// The quotient of unsigned `high:low` and `divisor`; `high` is below `divisor`.
    ///
    /// Schoolbook division in base 2^32, the divisor shifted until its top bit is set, so that each estimated
    /// digit is at most 2 too large (Knuth, The Art of Computer Programming, vol. 2, §4.3.1, Algorithm D).
    private static long divide(long high, long low, long divisor) {
        if (high == 0) {
            return Long.divideUnsigned(low, divisor);
        }
        int shift = Long.numberOfLeadingZeros(divisor);
        long d = divisor << shift;
        long h = shift == 0 ? high : high << shift | low >>> 64 - shift;
        long l = low << shift;
        long upper = digit(h, l >>> 32, d);
        long rest = (h << 32 | l >>> 32) - upper * d;
        return upper << 32 | digit(rest, l & 0xffff_ffffL, d);
    }

    /// One digit of base 2^32: `(high:next) / d`, where `high` is below `d`, whose top bit is set.
    private static long digit(long high, long next, long d) {
        long top = d >>> 32;
        long bottom = d & 0xffff_ffffL;
        long digit = Long.divideUnsigned(high, top);
        long rest = high - digit * top;
        while (digit >>> 32 != 0 || Long.compareUnsigned(digit * bottom, rest << 32 | next) > 0) {
            digit--;
            rest += top;
            if (rest >>> 32 != 0) {
                break;
            }
        }
        return digit;
    }
}
