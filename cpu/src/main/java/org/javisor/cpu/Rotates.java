// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.Operands.get4;
import static org.javisor.cpu.Operands.get8;
import static org.javisor.cpu.Operands.set4;
import static org.javisor.cpu.Operands.set8;
import static org.javisor.cpu.Operands.source1;

import org.javisor.isa.Mnemonic;

/// Rotates. They change CF and OF alone, and these only when the count, cut to 5 or 6 bits, is not 0. OF is
/// defined for counts of 1 alone; for others it is what the formula for 1 gives, as processors do it.
///
/// @sdm vol. 2B "RCL/RCR/ROL/ROR—Rotate"
final class Rotates {
    private Rotates() { }

    static void bind(Bindings.Binder binder) {
        binder.choose(Mnemonic.ROL, Forms.of(Operation.modifying(Rotates::rol))
                .register(4, (c, i) -> set4(c, i.at0, rol(c, get4(c, i.at0), source1(c, i), 4)))
                .register(8, (c, i) -> set8(c, i.at0, rol(c, get8(c, i.at0), source1(c, i), 8))));
        binder.choose(Mnemonic.ROR, Forms.of(Operation.modifying(Rotates::ror))
                .register(4, (c, i) -> set4(c, i.at0, ror(c, get4(c, i.at0), source1(c, i), 4)))
                .register(8, (c, i) -> set8(c, i.at0, ror(c, get8(c, i.at0), source1(c, i), 8))));
        binder.bind(Mnemonic.RCL, Operation.modifying(Rotates::rcl))
                .bind(Mnemonic.RCR, Operation.modifying(Rotates::rcr));
    }

    static long rol(Cpu cpu, long a, long b, int bytes) {
        int count = Shifts.masked(b, bytes);
        if (count == 0) {
            return a;
        }
        long result = rotate(a & Cpu.mask(bytes), count, 8 * bytes);
        boolean carry = (result & 1) != 0;
        setFlags(cpu, carry, carry != bit(result, 8 * bytes - 1));
        return result;
    }

    static long ror(Cpu cpu, long a, long b, int bytes) {
        int count = Shifts.masked(b, bytes);
        if (count == 0) {
            return a;
        }
        int bits = 8 * bytes;
        long result = rotate(a & Cpu.mask(bytes), bits - count, bits);
        setFlags(cpu, bit(result, bits - 1), bit(result, bits - 1) != bit(result, bits - 2));
        return result;
    }

    /// Rotates zero-extended `value` left by `count` modulo `bits`, garbage above.
    private static long rotate(long value, int count, int bits) {
        int n = count & bits - 1;
        // Two steps to the right: n may be 0, and shifts by 64 are none.
        return value << n | value >>> 1 >>> bits - 1 - n;
    }

    /// RCL rotates a number one bit wider than the operand, with CF at its top.
    static long rcl(Cpu cpu, long a, long b, int bytes) {
        int bits = 8 * bytes;
        int masked = Shifts.masked(b, bytes);
        if (masked == 0) {
            return a;
        }
        long result = a & Cpu.mask(bytes);
        boolean carry = cpu.carry();
        int count = masked % (bits + 1);
        if (count != 0) {
            long value = result;
            result = value << count | (carry ? 1L << count - 1 : 0)
                    | (count > 1 ? value >>> bits + 1 - count : 0);
            carry = bit(value, bits - count);
        }
        setFlags(cpu, carry, carry != bit(result, bits - 1));
        return result;
    }

    static long rcr(Cpu cpu, long a, long b, int bytes) {
        int bits = 8 * bytes;
        int masked = Shifts.masked(b, bytes);
        if (masked == 0) {
            return a;
        }
        long result = a & Cpu.mask(bytes);
        boolean carry = cpu.carry();
        int count = masked % (bits + 1);
        if (count != 0) {
            long value = result;
            result = (count < bits ? value >>> count : 0) | (carry ? 1L << bits - count : 0)
                    | (count > 1 ? value << bits + 1 - count : 0);
            carry = bit(value, count - 1);
        }
        setFlags(cpu, carry, bit(result, bits - 1) != bit(result, bits - 2));
        return result;
    }

    private static boolean bit(long value, int n) {
        return (value >>> n & 1) != 0;
    }

    private static void setFlags(Cpu cpu, boolean carry, boolean overflow) {
        cpu.flags(cpu.flagsResult(), Flags.withCarryAndOverflow(cpu.flagsAux(), carry, overflow));
    }
}
