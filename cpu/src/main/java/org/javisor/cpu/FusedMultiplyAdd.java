// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorOperands.first;
import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.source;
import static org.javisor.cpu.VectorOperands.sourceScalar;
import static org.javisor.cpu.VectorOperands.store;
import static org.javisor.cpu.VectorOperands.storeXmm;
import static org.javisor.cpu.VectorOperands.target;

import org.javisor.cpu.fp.Float32;
import org.javisor.cpu.fp.Float64;
import org.javisor.cpu.fp.FloatContext;
import org.javisor.host.HostMemory;
import org.javisor.isa.Mnemonic;

/// FMA: a product and a sum with one rounding. Digits in the name say which operands are multiplied and which is
/// added: in 132 the first and third, plus the second.
///
/// @sdm vol. 1 §14.5 "Fused-Multiply-ADD (FMA) Extensions"
final class FusedMultiplyAdd {
    private static final String[] ORDERS = {"132", "213", "231"};

    /// What becomes of product and addend, in even lanes and in odd ones.
    private enum Operation {
        VFMADD(false, false, false), VFMSUB(false, true, true), VFNMADD(true, false, false), VFNMSUB(true, true, true),
        VFMADDSUB(false, true, false), VFMSUBADD(false, false, true);

        final boolean negated;
        final boolean subtractsEven;
        final boolean subtractsOdd;

        Operation(boolean negated, boolean subtractsEven, boolean subtractsOdd) {
            this.negated = negated;
            this.subtractsEven = subtractsEven;
            this.subtractsOdd = subtractsOdd;
        }

        boolean hasScalars() {
            return subtractsEven == subtractsOdd;
        }
    }

    private FusedMultiplyAdd() { }

    static void bind(Bindings.Binder b) {
        for (Operation operation : Operation.values()) {
            for (int n = 0; n < ORDERS.length; n++) {
                int order = n;
                String name = operation.name() + ORDERS[n];
                b.bind(Mnemonic.valueOf(name + "PS"), (cpu, insn) -> packedSingle(cpu, insn, operation, order))
                        .bind(Mnemonic.valueOf(name + "PD"), (cpu, insn) -> packedDouble(cpu, insn, operation, order));
                if (operation.hasScalars()) {
                    b.bind(Mnemonic.valueOf(name + "SS"), (cpu, insn) -> scalarSingle(cpu, insn, operation, order))
                            .bind(Mnemonic.valueOf(name + "SD"),
                                    (cpu, insn) -> scalarDouble(cpu, insn, operation, order));
                }
            }
        }
    }

    private static int single(int a, int b, int c, Operation operation, boolean subtracts, int order,
                              FloatContext context) {
        boolean negated = operation.negated;
        return switch (order) {
            case 0 -> Float32.multiplyAdd(a, c, b, negated, subtracts, context);
            case 1 -> Float32.multiplyAdd(b, a, c, negated, subtracts, context);
            default -> Float32.multiplyAdd(b, c, a, negated, subtracts, context);
        };
    }

    /// The two lanes at `at` in each operand.
    private static long twoSingles(long a, long b, long c, Operation operation, int order, FloatContext context) {
        long x = load(a);
        long y = load(b);
        long z = load(c);
        int even = single((int) x, (int) y, (int) z, operation, operation.subtractsEven, order, context);
        int odd = single((int) (x >>> 32), (int) (y >>> 32), (int) (z >>> 32), operation, operation.subtractsOdd, order,
                context);
        return LaneMultiply.dwords(even, odd);
    }

    private static long twice(long a, long b, long c, Operation operation, boolean subtracts, int order,
                              FloatContext context) {
        boolean negated = operation.negated;
        return switch (order) {
            case 0 -> Float64.multiplyAdd(a, c, b, negated, subtracts, context);
            case 1 -> Float64.multiplyAdd(b, a, c, negated, subtracts, context);
            default -> Float64.multiplyAdd(b, c, a, negated, subtracts, context);
        };
    }

    private static void packedSingle(Cpu cpu, Insn insn, Operation operation, int order) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        long c = source(cpu, insn);
        long b = first(cpu, insn);
        long a = target(cpu, insn);
        boolean longer = insn.vectorBytes == 32;
        long low = twoSingles(a, b, c, operation, order, context);
        long high = twoSingles(a + 8, b + 8, c + 8, operation, order, context);
        long third = longer ? twoSingles(a + 16, b + 16, c + 16, operation, order, context) : 0;
        long fourth = longer ? twoSingles(a + 24, b + 24, c + 24, operation, order, context) : 0;
        Mxcsr.commit(cpu, context);
        store(a, low, high);
        store(a + 16, third, fourth);
    }

    private static void packedDouble(Cpu cpu, Insn insn, Operation operation, int order) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        long c = source(cpu, insn);
        long b = first(cpu, insn);
        long a = target(cpu, insn);
        long low = twice(load(a), load(b), load(c), operation, operation.subtractsEven, order, context);
        long high = twice(load(a + 8), load(b + 8), load(c + 8), operation, operation.subtractsOdd, order, context);
        long third = 0;
        long fourth = 0;
        if (insn.vectorBytes == 32) {
            third = twice(load(a + 16), load(b + 16), load(c + 16), operation, operation.subtractsEven, order, context);
            fourth = twice(load(a + 24), load(b + 24), load(c + 24), operation, operation.subtractsOdd, order, context);
        }
        Mxcsr.commit(cpu, context);
        store(a, low, high);
        store(a + 16, third, fourth);
    }

    /// What is above the result stays.
    private static void scalarSingle(Cpu cpu, Insn insn, Operation operation, int order) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        int c = HostMemory.loadInt(sourceScalar(cpu, insn));
        int b = HostMemory.loadInt(first(cpu, insn));
        long to = target(cpu, insn);
        int result = single(HostMemory.loadInt(to), b, c, operation, operation.subtractsEven, order, context);
        Mxcsr.commit(cpu, context);
        HostMemory.storeInt(to, result);
        storeXmm(insn, to, load(to), load(to + 8));
    }

    private static void scalarDouble(Cpu cpu, Insn insn, Operation operation, int order) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        long c = load(sourceScalar(cpu, insn));
        long b = load(first(cpu, insn));
        long to = target(cpu, insn);
        long result = twice(load(to), b, c, operation, operation.subtractsEven, order, context);
        Mxcsr.commit(cpu, context);
        storeXmm(insn, to, result, load(to + 8));
    }
}
