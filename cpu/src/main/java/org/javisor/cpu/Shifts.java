// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.Operands.get1;
import static org.javisor.cpu.Operands.get4;
import static org.javisor.cpu.Operands.get8;
import static org.javisor.cpu.Operands.set1;
import static org.javisor.cpu.Operands.set4;
import static org.javisor.cpu.Operands.set8;
import static org.javisor.cpu.Operands.source1;

import org.javisor.isa.Mnemonic;

/// Shifts. A count of 0 changes no flag, but a 32-bit destination still loses its upper half.
///
/// OF is defined for counts of 1 alone; for others it is what the formula for 1 gives, as processors do it.
/// AF, undefined, is set, as AMD's do.
///
/// @sdm vol. 2B "SAL/SAR/SHL/SHR—Shift"
final class Shifts {
    private Shifts() { }

    static void bind(Bindings.Binder binder) {
        binder.choose(Mnemonic.SHL, Forms.of(Operation.modifying(Shifts::shl))
                .register(1, (c, i) -> set1(c, i.at0, shl(c, get1(c, i.at0), source1(c, i), 1)))
                .register(4, (c, i) -> set4(c, i.at0, shl(c, get4(c, i.at0), source1(c, i), 4)))
                .register(8, (c, i) -> set8(c, i.at0, shl(c, get8(c, i.at0), source1(c, i), 8))));
        binder.choose(Mnemonic.SHR, Forms.of(Operation.modifying(Shifts::shr))
                .register(1, (c, i) -> set1(c, i.at0, shr(c, get1(c, i.at0), source1(c, i), 1)))
                .register(4, (c, i) -> set4(c, i.at0, shr(c, get4(c, i.at0), source1(c, i), 4)))
                .register(8, (c, i) -> set8(c, i.at0, shr(c, get8(c, i.at0), source1(c, i), 8))));
        binder.choose(Mnemonic.SAR, Forms.of(Operation.modifying(Shifts::sar))
                .register(1, (c, i) -> set1(c, i.at0, sar(c, get1(c, i.at0), source1(c, i), 1)))
                .register(4, (c, i) -> set4(c, i.at0, sar(c, get4(c, i.at0), source1(c, i), 4)))
                .register(8, (c, i) -> set8(c, i.at0, sar(c, get8(c, i.at0), source1(c, i), 8))));
        binder.bind(Mnemonic.SHLD, (cpu, insn) -> shiftDouble(cpu, insn, true))
                .bind(Mnemonic.SHRD, (cpu, insn) -> shiftDouble(cpu, insn, false));
    }

    /// How far a shift by `count` really goes.
    static int masked(long count, int bytes) {
        return (int) count & (bytes == 8 ? 0x3f : 0x1f);
    }

    static long shl(Cpu cpu, long a, long b, int bytes) {
        int count = masked(b, bytes);
        if (count == 0) {
            return a;
        }
        // The value at the top of 64 bits: CF is what the last single step moves out.
        long before = a << 64 - 8 * bytes << count - 1;
        long after = before << 1;
        // OF is CF xor the sign of the result, so CF xor OF is that sign.
        cpu.flags(after >> 64 - 8 * bytes, before & 1L << 63 | after >>> 1 & 1L << 62 | Flags.AUX_AF);
        return after >>> 64 - 8 * bytes;
    }

    static long shr(Cpu cpu, long a, long b, int bytes) {
        int count = masked(b, bytes);
        if (count == 0) {
            return a;
        }
        long before = (a & Cpu.mask(bytes)) >>> count - 1;
        long result = before >>> 1;
        // OF is the sign that a shift by 1 takes away: bit 62 at the top, where the sign of the result is 0.
        long atTop = result << 64 - 8 * bytes;
        boolean of = (atTop ^ atTop << 1) < 0;
        boolean cf = (before & 1) != 0;
        cpu.flags(Flags.signExtend(result, bytes), Flags.withCarryAndOverflow(Flags.AUX_AF, cf, of));
        return result;
    }

    static long sar(Cpu cpu, long a, long b, int bytes) {
        int count = masked(b, bytes);
        if (count == 0) {
            return a;
        }
        long before = Flags.signExtend(a, bytes) >> count - 1;
        cpu.flags(before >> 1, Flags.withCarryAndOverflow(Flags.AUX_AF, (before & 1) != 0, false));
        return before >> 1;
    }

    /// SHLD and SHRD. A 16-bit operand shifted by more than 16, which is undefined, takes the source in
    /// twice, as AMD's processors do.
    private static void shiftDouble(Cpu cpu, Insn insn, boolean left) {
        int bytes = insn.bytes0;
        int bits = 8 * bytes;
        long a = cpu.readForWrite(insn, 0);
        long b = cpu.read(insn, 1);
        int count = masked(cpu.read(insn, 2), bytes);
        if (count == 0) {
            cpu.write(insn, 0, a);
            return;
        }
        long result = left ? shiftLeft(a, b, count, bits) : shiftRight(a, b, count, bits);
        boolean carry = count <= bits && (a >>> (left ? bits - count : count - 1) & 1) != 0;
        boolean overflow = ((result ^ a) >>> bits - 1 & 1) != 0;
        cpu.write(insn, 0, result);
        cpu.flags(Flags.signExtend(result, bytes), Flags.withCarryAndOverflow(Flags.AUX_AF, carry, overflow));
    }

    private static long shiftLeft(long a, long b, int count, int bits) {
        return bits == 16 ? (a << 32 | b << 16 | b) << count >>> 32 : a << count | b >>> bits - count;
    }

    private static long shiftRight(long a, long b, int count, int bits) {
        return bits == 16 ? (b << 32 | b << 16 | a) >>> count : a >>> count | b << bits - count;
    }
}
