// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RDX;

import org.javisor.isa.Mnemonic;

/// BMI1 and BMI2: the instructions on bit fields that have a VEX prefix, with a destination apart from their
/// sources.
///
/// @sdm vol. 1 §7.3.19 "Bit Manipulation Instructions"
final class BitManipulation {
    /// Of two sources, zero-extended from `bytes` bytes; may set flags.
    @FunctionalInterface
    private interface Function {
        long apply(Cpu cpu, long a, long b, int bytes);
    }

    private BitManipulation() { }

    static void bind(Bindings.Binder binder) {
        bindTwo(binder, Mnemonic.ANDN, (cpu, a, b, bytes) -> result(cpu, ~a & b, bytes, false));
        bindTwo(binder, Mnemonic.BEXTR, BitManipulation::extract);
        bindTwo(binder, Mnemonic.BZHI, BitManipulation::zeroHigh);
        bindTwo(binder, Mnemonic.PDEP, (_, a, mask, _) -> Long.expand(a, mask));
        bindTwo(binder, Mnemonic.PEXT, (_, a, mask, _) -> Long.compress(a, mask));
        bindTwo(binder, Mnemonic.RORX, BitManipulation::rotate);
        bindTwo(binder, Mnemonic.SARX,
                (_, a, count, bytes) -> Flags.signExtend(a, bytes) >> (count & 8 * bytes - 1));
        bindTwo(binder, Mnemonic.SHLX, (_, a, count, bytes) -> a << (count & 8 * bytes - 1));
        bindTwo(binder, Mnemonic.SHRX, (_, a, count, bytes) -> a >>> (count & 8 * bytes - 1));
        bindOne(binder, Mnemonic.BLSI, (cpu, a, _, bytes) -> result(cpu, -a & a, bytes, a != 0));
        bindOne(binder, Mnemonic.BLSMSK, (cpu, a, _, bytes) -> result(cpu, a - 1 ^ a, bytes, a == 0));
        bindOne(binder, Mnemonic.BLSR, (cpu, a, _, bytes) -> result(cpu, a - 1 & a, bytes, a == 0));
        binder.bind(Mnemonic.MULX, BitManipulation::multiply);
    }

    private static void bindOne(Bindings.Binder binder, Mnemonic mnemonic, Function function) {
        binder.bind(mnemonic, (cpu, insn) ->
                cpu.reg(insn.reg0, insn.bytes0, function.apply(cpu, cpu.read(insn, 1), 0, insn.bytes0)));
    }

    private static void bindTwo(Bindings.Binder binder, Mnemonic mnemonic, Function function) {
        binder.bind(mnemonic, (cpu, insn) -> cpu.reg(insn.reg0, insn.bytes0,
                function.apply(cpu, cpu.read(insn, 1), cpu.read(insn, 2), insn.bytes0)));
    }

    /// Sets SF and ZF after a result, and clears OF.
    private static long result(Cpu cpu, long value, int bytes, boolean carry) {
        cpu.flags(Flags.signExtend(value, bytes), Flags.withCarryAndOverflow(0, carry, false));
        return value;
    }

    /// BEXTR: `control` holds the first bit in its low byte, and how many in the next.
    private static long extract(Cpu cpu, long value, long control, int bytes) {
        int start = (int) control & 0xff;
        int count = (int) control >>> 8 & 0xff;
        long field = start >= 64 ? 0 : value >>> start;
        return result(cpu, count >= 64 ? field : field & (1L << count) - 1, bytes, false);
    }

    private static long zeroHigh(Cpu cpu, long value, long control, int bytes) {
        int kept = (int) control & 0xff;
        boolean all = kept >= 8 * bytes;
        return result(cpu, all ? value : value & (1L << kept) - 1, bytes, all);
    }

    private static long rotate(Cpu cpu, long value, long count, int bytes) {
        int distance = (int) count;
        return bytes == 8 ? Long.rotateRight(value, distance) : Integer.rotateRight((int) value, distance);
    }

    /// MULX. When both destinations are one register it gets the upper half.
    private static void multiply(Cpu cpu, Insn insn) {
        int bytes = insn.bytes0;
        long a = cpu.reg(RDX, bytes);
        long b = cpu.read(insn, 2);
        long low = a * b;
        cpu.reg(insn.reg1, bytes, low);
        cpu.reg(insn.reg0, bytes, bytes == 8 ? Math.unsignedMultiplyHigh(a, b) : low >>> 32);
    }
}
