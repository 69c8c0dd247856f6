// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.source;
import static org.javisor.cpu.VectorOperands.sourceScalar;
import static org.javisor.cpu.VectorOperands.store;
import static org.javisor.cpu.VectorOperands.target;

import org.javisor.cpu.fp.FloatContext;
import org.javisor.host.HostMemory;

/// The shapes that SSE floating-point instructions come in. As in [VectorForms], a binding is a lambda of its
/// own that names its operation, so that each is compiled with the operation inlined.
///
/// All lanes are computed first, then flags are reported, then the result is written.
final class FloatForms {
    private FloatForms() { }

    static void packedSingle(Cpu cpu, Insn insn, FloatOperation operation) {
        FloatContext context = Mxcsr.begin(cpu);
        long b = source(cpu, insn);
        long a = target(cpu, insn);
        long low = two(load(a), load(b), operation, context);
        long high = two(load(a + 8), load(b + 8), operation, context);
        Mxcsr.commit(cpu, context);
        store(a, low, high);
    }

    /// The operation on two lanes each of `a` and `b`.
    static long two(long a, long b, FloatOperation operation, FloatContext context) {
        int low = operation.apply((int) a, (int) b, context);
        return low & 0xffff_ffffL | (long) operation.apply((int) (a >>> 32), (int) (b >>> 32), context) << 32;
    }

    static void packedDouble(Cpu cpu, Insn insn, DoubleOperation operation) {
        FloatContext context = Mxcsr.begin(cpu);
        long b = source(cpu, insn);
        long a = target(cpu, insn);
        long low = operation.apply(load(a), load(b), context);
        long high = operation.apply(load(a + 8), load(b + 8), context);
        Mxcsr.commit(cpu, context);
        store(a, low, high);
    }

    static void scalarSingle(Cpu cpu, Insn insn, FloatOperation operation) {
        FloatContext context = Mxcsr.begin(cpu);
        long b = sourceScalar(cpu, insn);
        long a = target(cpu, insn);
        int result = operation.apply(HostMemory.loadInt(a), HostMemory.loadInt(b), context);
        Mxcsr.commit(cpu, context);
        HostMemory.storeInt(a, result);
    }

    static void scalarDouble(Cpu cpu, Insn insn, DoubleOperation operation) {
        FloatContext context = Mxcsr.begin(cpu);
        long b = sourceScalar(cpu, insn);
        long a = target(cpu, insn);
        long result = operation.apply(load(a), load(b), context);
        Mxcsr.commit(cpu, context);
        HostMemory.storeLong(a, result);
    }

    /// HADDPS and HSUBPS: pairs of neighbours, of the target and then of the source.
    static void horizontalSingle(Cpu cpu, Insn insn, FloatOperation operation) {
        FloatContext context = Mxcsr.begin(cpu);
        long b = source(cpu, insn);
        long a = target(cpu, insn);
        long low = neighbours(load(a), load(a + 8), operation, context);
        long high = neighbours(load(b), load(b + 8), operation, context);
        Mxcsr.commit(cpu, context);
        store(a, low, high);
    }

    private static long neighbours(long low, long high, FloatOperation operation, FloatContext context) {
        int first = operation.apply((int) low, (int) (low >>> 32), context);
        int second = operation.apply((int) high, (int) (high >>> 32), context);
        return LaneMultiply.dwords(first, second);
    }

    static void horizontalDouble(Cpu cpu, Insn insn, DoubleOperation operation) {
        FloatContext context = Mxcsr.begin(cpu);
        long b = source(cpu, insn);
        long a = target(cpu, insn);
        long low = operation.apply(load(a), load(a + 8), context);
        long high = operation.apply(load(b), load(b + 8), context);
        Mxcsr.commit(cpu, context);
        store(a, low, high);
    }
}
