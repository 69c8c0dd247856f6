// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorOperands.first;
import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.source;
import static org.javisor.cpu.VectorOperands.sourceScalar;
import static org.javisor.cpu.VectorOperands.store;
import static org.javisor.cpu.VectorOperands.storeDouble;
import static org.javisor.cpu.VectorOperands.storeSingle;
import static org.javisor.cpu.VectorOperands.storeXmm;
import static org.javisor.cpu.VectorOperands.target;

import org.javisor.cpu.fp.FloatContext;
import org.javisor.host.HostMemory;

/// The shapes that SSE and AVX floating-point instructions come in. As in [VectorForms], a binding is a lambda of its
/// own that names its operation, so that each is compiled with the operation inlined.
///
/// All lanes are computed first, then flags are reported, then the result is written.
final class FloatForms {
    private FloatForms() { }

    static void packedSingle(Cpu cpu, Insn insn, FloatOperation operation) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        long b = source(cpu, insn);
        long a = first(cpu, insn);
        long to = target(cpu, insn);
        long low = two(load(a), load(b), operation, context);
        long high = two(load(a + 8), load(b + 8), operation, context);
        if (insn.vectorBytes == 32) {
            long third = two(load(a + 16), load(b + 16), operation, context);
            long fourth = two(load(a + 24), load(b + 24), operation, context);
            Mxcsr.commit(cpu, context);
            store(to + 16, third, fourth);
            store(to, low, high);
        } else {
            Mxcsr.commit(cpu, context);
            storeXmm(insn, to, low, high);
        }
    }

    /// The operation on two lanes each of `a` and `b`.
    static long two(long a, long b, FloatOperation operation, FloatContext context) {
        int low = operation.apply((int) a, (int) b, context);
        return low & 0xffff_ffffL | (long) operation.apply((int) (a >>> 32), (int) (b >>> 32), context) << 32;
    }

    static void packedDouble(Cpu cpu, Insn insn, DoubleOperation operation) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        long b = source(cpu, insn);
        long a = first(cpu, insn);
        long to = target(cpu, insn);
        long low = operation.apply(load(a), load(b), context);
        long high = operation.apply(load(a + 8), load(b + 8), context);
        if (insn.vectorBytes == 32) {
            long third = operation.apply(load(a + 16), load(b + 16), context);
            long fourth = operation.apply(load(a + 24), load(b + 24), context);
            Mxcsr.commit(cpu, context);
            store(to + 16, third, fourth);
            store(to, low, high);
        } else {
            Mxcsr.commit(cpu, context);
            storeXmm(insn, to, low, high);
        }
    }

    static void scalarSingle(Cpu cpu, Insn insn, FloatOperation operation) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        int b = HostMemory.loadInt(sourceScalar(cpu, insn));
        int result = operation.apply(HostMemory.loadInt(first(cpu, insn)), b, context);
        Mxcsr.commit(cpu, context);
        storeSingle(cpu, insn, result);
    }

    static void scalarDouble(Cpu cpu, Insn insn, DoubleOperation operation) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        long b = load(sourceScalar(cpu, insn));
        long result = operation.apply(load(first(cpu, insn)), b, context);
        Mxcsr.commit(cpu, context);
        storeDouble(cpu, insn, result);
    }

    /// HADDPS and HSUBPS: pairs of neighbours, of each 16 bytes of the first source and then of the second.
    static void horizontalSingle(Cpu cpu, Insn insn, FloatOperation operation) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        long b = source(cpu, insn);
        long a = first(cpu, insn);
        long to = target(cpu, insn);
        long low = neighbours(a, operation, context);
        long high = neighbours(b, operation, context);
        if (insn.vectorBytes == 32) {
            long third = neighbours(a + 16, operation, context);
            long fourth = neighbours(b + 16, operation, context);
            Mxcsr.commit(cpu, context);
            store(to + 16, third, fourth);
            store(to, low, high);
        } else {
            Mxcsr.commit(cpu, context);
            storeXmm(insn, to, low, high);
        }
    }

    private static long neighbours(long at, FloatOperation operation, FloatContext context) {
        long low = load(at);
        long high = load(at + 8);
        int first = operation.apply((int) low, (int) (low >>> 32), context);
        int second = operation.apply((int) high, (int) (high >>> 32), context);
        return LaneMultiply.dwords(first, second);
    }

    static void horizontalDouble(Cpu cpu, Insn insn, DoubleOperation operation) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        long b = source(cpu, insn);
        long a = first(cpu, insn);
        long to = target(cpu, insn);
        long low = operation.apply(load(a), load(a + 8), context);
        long high = operation.apply(load(b), load(b + 8), context);
        if (insn.vectorBytes == 32) {
            long third = operation.apply(load(a + 16), load(a + 24), context);
            long fourth = operation.apply(load(b + 16), load(b + 24), context);
            Mxcsr.commit(cpu, context);
            store(to + 16, third, fourth);
            store(to, low, high);
        } else {
            Mxcsr.commit(cpu, context);
            storeXmm(insn, to, low, high);
        }
    }
}
