// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorForms.lanes;

import org.javisor.isa.Mnemonic;

/// The shifts of AVX2 in which each element has a count of its own, unsigned and of any size.
final class VariableShifts {
    private VariableShifts() { }

    static void bind(Bindings.Binder b) {
        b.bind(Mnemonic.VPSLLVD, (cpu, insn) -> lanes(cpu, insn, VariableShifts::leftDwords))
                .bind(Mnemonic.VPSLLVQ, (cpu, insn) -> lanes(cpu, insn, VariableShifts::leftQwords))
                .bind(Mnemonic.VPSRLVD, (cpu, insn) -> lanes(cpu, insn, VariableShifts::rightDwords))
                .bind(Mnemonic.VPSRLVQ, (cpu, insn) -> lanes(cpu, insn, VariableShifts::rightQwords))
                .bind(Mnemonic.VPSRAVD, (cpu, insn) -> lanes(cpu, insn, VariableShifts::arithmeticDwords));
    }

    private static boolean empties(long count, int bits) {
        return Long.compareUnsigned(count, bits) >= 0;
    }

    private static long left(long a, long count) {
        return empties(count, 32) ? 0 : a << count & 0xffff_ffffL;
    }

    static long leftDwords(long a, long counts) {
        return left(a & 0xffff_ffffL, counts & 0xffff_ffffL) | left(a >>> 32, counts >>> 32) << 32;
    }

    static long leftQwords(long a, long count) {
        return empties(count, 64) ? 0 : a << count;
    }

    private static long right(long a, long count) {
        return empties(count, 32) ? 0 : a >>> count;
    }

    static long rightDwords(long a, long counts) {
        return right(a & 0xffff_ffffL, counts & 0xffff_ffffL) | right(a >>> 32, counts >>> 32) << 32;
    }

    static long rightQwords(long a, long count) {
        return empties(count, 64) ? 0 : a >>> count;
    }

    private static int arithmetic(int a, long count) {
        return a >> (empties(count, 32) ? 31 : (int) count);
    }

    static long arithmeticDwords(long a, long counts) {
        return LaneMultiply.dwords(arithmetic((int) a, counts & 0xffff_ffffL),
                arithmetic((int) (a >>> 32), counts >>> 32));
    }
}
