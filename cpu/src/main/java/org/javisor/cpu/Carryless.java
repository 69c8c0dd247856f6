// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.store;

import org.javisor.isa.Mnemonic;

/// PCLMULQDQ: multiplication of polynomials over GF(2).
final class Carryless {
    private Carryless() { }

    static void bind(Bindings.Binder b) {
        b.bind(Mnemonic.PCLMULQDQ, (cpu, insn) -> VectorForms.vector(cpu, insn, Carryless::multiply));
    }

    /// Immediate bits 0 and 4 choose the halves of `a` and `b`.
    static void multiply(long to, long a, long b, int immediate) {
        long x = load(a + (immediate & 1) * 8);
        long y = load(b + (immediate >> 4 & 1) * 8);
        long low = 0;
        long high = 0;
        for (int i = 0; i < 64; i += 4) {
            long low4 = multiples(x, (int) (y >>> i) & 15);
            long high4 = multiplesHigh(x, (int) (y >>> i) & 15);
            low ^= low4 << i;
            high ^= i == 0 ? high4 : low4 >>> 64 - i | high4 << i;
        }
        store(to, low, high);
    }

    /// The low 64 bits of `x` times a polynomial of four bits.
    private static long multiples(long x, int by) {
        return x & -(by & 1) ^ x << 1 & -(by >> 1 & 1) ^ x << 2 & -(by >> 2 & 1) ^ x << 3 & -(by >> 3);
    }

    /// The bits above those.
    private static long multiplesHigh(long x, int by) {
        return x >>> 63 & -(by >> 1 & 1) ^ x >>> 62 & -(by >> 2 & 1) ^ x >>> 61 & -(by >> 3);
    }
}
