// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.FloatForms.horizontalDouble;
import static org.javisor.cpu.FloatForms.horizontalSingle;
import static org.javisor.cpu.FloatForms.packedDouble;
import static org.javisor.cpu.FloatForms.packedSingle;
import static org.javisor.cpu.FloatForms.scalarDouble;
import static org.javisor.cpu.FloatForms.scalarSingle;
import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.store;

import org.javisor.cpu.fp.Float32;
import org.javisor.cpu.fp.Float64;
import org.javisor.cpu.fp.FloatContext;
import org.javisor.isa.Mnemonic;

/// SSE floating-point arithmetic.
final class FloatArithmetic {
    private FloatArithmetic() { }

    static void bind(Bindings.Binder b) {
        bindAddition(b);
        bindMultiplication(b);
        bindRoots(b);
        bindMinimumMaximum(b);
        bindHorizontal(b);
    }

    private static void bindAddition(Bindings.Binder b) {
        b.bind(Mnemonic.ADDPS, (cpu, insn) -> packedSingle(cpu, insn, Float32::add))
                .bind(Mnemonic.ADDPD, (cpu, insn) -> packedDouble(cpu, insn, Float64::add))
                .bind(Mnemonic.ADDSS, (cpu, insn) -> scalarSingle(cpu, insn, Float32::add))
                .bind(Mnemonic.ADDSD, (cpu, insn) -> scalarDouble(cpu, insn, Float64::add))
                .bind(Mnemonic.SUBPS, (cpu, insn) -> packedSingle(cpu, insn, Float32::sub))
                .bind(Mnemonic.SUBPD, (cpu, insn) -> packedDouble(cpu, insn, Float64::sub))
                .bind(Mnemonic.SUBSS, (cpu, insn) -> scalarSingle(cpu, insn, Float32::sub))
                .bind(Mnemonic.SUBSD, (cpu, insn) -> scalarDouble(cpu, insn, Float64::sub));
    }

    private static void bindMultiplication(Bindings.Binder b) {
        b.bind(Mnemonic.MULPS, (cpu, insn) -> packedSingle(cpu, insn, Float32::mul))
                .bind(Mnemonic.MULPD, (cpu, insn) -> packedDouble(cpu, insn, Float64::mul))
                .bind(Mnemonic.MULSS, (cpu, insn) -> scalarSingle(cpu, insn, Float32::mul))
                .bind(Mnemonic.MULSD, (cpu, insn) -> scalarDouble(cpu, insn, Float64::mul))
                .bind(Mnemonic.DIVPS, (cpu, insn) -> packedSingle(cpu, insn, Float32::div))
                .bind(Mnemonic.DIVPD, (cpu, insn) -> packedDouble(cpu, insn, Float64::div))
                .bind(Mnemonic.DIVSS, (cpu, insn) -> scalarSingle(cpu, insn, Float32::div))
                .bind(Mnemonic.DIVSD, (cpu, insn) -> scalarDouble(cpu, insn, Float64::div));
    }

    private static void bindRoots(Bindings.Binder b) {
        b.bind(Mnemonic.SQRTPS, (cpu, insn) -> packedSingle(cpu, insn, (_, x, c) -> Float32.sqrt(x, c)))
                .bind(Mnemonic.SQRTPD,
                        (cpu, insn) -> packedDouble(cpu, insn, (_, x, c) -> Float64.sqrt(x, c)))
                .bind(Mnemonic.SQRTSS,
                        (cpu, insn) -> scalarSingle(cpu, insn, (_, x, c) -> Float32.sqrt(x, c)))
                .bind(Mnemonic.SQRTSD,
                        (cpu, insn) -> scalarDouble(cpu, insn, (_, x, c) -> Float64.sqrt(x, c)))
                .bind(Mnemonic.RCPPS,
                        (cpu, insn) -> packedSingle(cpu, insn, (_, x, _) -> Float32.reciprocal(x)))
                .bind(Mnemonic.RCPSS,
                        (cpu, insn) -> scalarSingle(cpu, insn, (_, x, _) -> Float32.reciprocal(x)))
                .bind(Mnemonic.RSQRTPS,
                        (cpu, insn) -> packedSingle(cpu, insn, (_, x, _) -> Float32.reciprocalSqrt(x)))
                .bind(Mnemonic.RSQRTSS,
                        (cpu, insn) -> scalarSingle(cpu, insn, (_, x, _) -> Float32.reciprocalSqrt(x)));
    }

    private static void bindMinimumMaximum(Bindings.Binder b) {
        b.bind(Mnemonic.MINPS, (cpu, insn) -> packedSingle(cpu, insn, Float32::min))
                .bind(Mnemonic.MINPD, (cpu, insn) -> packedDouble(cpu, insn, Float64::min))
                .bind(Mnemonic.MINSS, (cpu, insn) -> scalarSingle(cpu, insn, Float32::min))
                .bind(Mnemonic.MINSD, (cpu, insn) -> scalarDouble(cpu, insn, Float64::min))
                .bind(Mnemonic.MAXPS, (cpu, insn) -> packedSingle(cpu, insn, Float32::max))
                .bind(Mnemonic.MAXPD, (cpu, insn) -> packedDouble(cpu, insn, Float64::max))
                .bind(Mnemonic.MAXSS, (cpu, insn) -> scalarSingle(cpu, insn, Float32::max))
                .bind(Mnemonic.MAXSD, (cpu, insn) -> scalarDouble(cpu, insn, Float64::max));
    }

    private static void bindHorizontal(Bindings.Binder b) {
        b.bind(Mnemonic.HADDPS, (cpu, insn) -> horizontalSingle(cpu, insn, Float32::add))
                .bind(Mnemonic.HADDPD, (cpu, insn) -> horizontalDouble(cpu, insn, Float64::add))
                .bind(Mnemonic.HSUBPS, (cpu, insn) -> horizontalSingle(cpu, insn, Float32::sub))
                .bind(Mnemonic.HSUBPD, (cpu, insn) -> horizontalDouble(cpu, insn, Float64::sub))
                .bind(Mnemonic.ADDSUBPS, FloatArithmetic::addsubps)
                .bind(Mnemonic.ADDSUBPD, FloatArithmetic::addsubpd)
                .bind(Mnemonic.DPPS, FloatArithmetic::dpps)
                .bind(Mnemonic.DPPD, FloatArithmetic::dppd);
    }

    /// ADDSUBPS: subtracts in even lanes, adds in odd ones.
    private static void addsubps(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        long b = VectorOperands.source(cpu, insn);
        long a = VectorOperands.first(cpu, insn);
        long to = VectorOperands.target(cpu, insn);
        long low = subtractAndAdd(a, b, context);
        long high = subtractAndAdd(a + 8, b + 8, context);
        if (insn.vectorBytes == 32) {
            long third = subtractAndAdd(a + 16, b + 16, context);
            long fourth = subtractAndAdd(a + 24, b + 24, context);
            Mxcsr.commit(cpu, context);
            store(to + 16, third, fourth);
            store(to, low, high);
        } else {
            Mxcsr.commit(cpu, context);
            VectorOperands.storeXmm(insn, to, low, high);
        }
    }

    private static long subtractAndAdd(long at, long bt, FloatContext context) {
        long a = load(at);
        long b = load(bt);
        int even = Float32.sub((int) a, (int) b, context);
        int odd = Float32.add((int) (a >>> 32), (int) (b >>> 32), context);
        return LaneMultiply.dwords(even, odd);
    }

    private static void addsubpd(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        long b = VectorOperands.source(cpu, insn);
        long a = VectorOperands.first(cpu, insn);
        long to = VectorOperands.target(cpu, insn);
        long low = Float64.sub(load(a), load(b), context);
        long high = Float64.add(load(a + 8), load(b + 8), context);
        if (insn.vectorBytes == 32) {
            long third = Float64.sub(load(a + 16), load(b + 16), context);
            long fourth = Float64.add(load(a + 24), load(b + 24), context);
            Mxcsr.commit(cpu, context);
            store(to + 16, third, fourth);
            store(to, low, high);
        } else {
            Mxcsr.commit(cpu, context);
            VectorOperands.storeXmm(insn, to, low, high);
        }
    }

    /// DPPS: of each 16 bytes the products that immediate bits 4 to 7 choose, summed in pairs, go to the lanes that
    /// bits 0 to 3 choose. Each step reports its exceptions before the next begins.
    ///
    /// @sdm vol. 2A "DPPS—Dot Product of Packed Single Precision Floating-Point Values"
    private static void dpps(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        int immediate = (int) insn.immediate;
        boolean longer = insn.vectorBytes == 32;
        long b = VectorOperands.source(cpu, insn);
        long a = VectorOperands.first(cpu, insn);
        long low = products(load(a), load(b), immediate >> 4, context);
        long high = products(load(a + 8), load(b + 8), immediate >> 6, context);
        long third = longer ? products(load(a + 16), load(b + 16), immediate >> 4, context) : 0;
        long fourth = longer ? products(load(a + 24), load(b + 24), immediate >> 6, context) : 0;
        Mxcsr.commit(cpu, context);
        long sums = LaneMultiply.dwords(sum(low, context), sum(high, context));
        long upperSums = longer ? LaneMultiply.dwords(sum(third, context), sum(fourth, context)) : 0;
        Mxcsr.commit(cpu, context);
        int sum = sum(sums, context);
        int upperSum = longer ? sum(upperSums, context) : 0;
        Mxcsr.commit(cpu, context);
        long to = VectorOperands.target(cpu, insn);
        long both = LaneMultiply.dwords(sum, sum);
        VectorOperands.storeXmm(insn, to, both & chosen(immediate), both & chosen(immediate >> 2));
        if (longer) {
            long upper = LaneMultiply.dwords(upperSum, upperSum);
            store(to + 16, upper & chosen(immediate), upper & chosen(immediate >> 2));
        }
    }

    private static int sum(long two, FloatContext context) {
        return Float32.add((int) two, (int) (two >>> 32), context);
    }

    private static long products(long a, long b, int choice, FloatContext context) {
        int first = (choice & 1) != 0 ? Float32.mul((int) a, (int) b, context) : 0;
        int second = (choice & 2) != 0 ? Float32.mul((int) (a >>> 32), (int) (b >>> 32), context) : 0;
        return LaneMultiply.dwords(first, second);
    }

    /// The lanes of 8 bytes that the low two bits of `choice` name, as all ones.
    private static long chosen(int choice) {
        return LaneMultiply.dwords(-(choice & 1), -(choice >> 1 & 1));
    }

    /// DPPD, as [#dpps] with two lanes; it has no form of 32 bytes.
    private static void dppd(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        int immediate = (int) insn.immediate;
        long b = VectorOperands.source(cpu, insn);
        long a = VectorOperands.first(cpu, insn);
        long low = (immediate & 0x10) != 0 ? Float64.mul(load(a), load(b), context) : 0;
        long high = (immediate & 0x20) != 0 ? Float64.mul(load(a + 8), load(b + 8), context) : 0;
        Mxcsr.commit(cpu, context);
        long sum = Float64.add(low, high, context);
        Mxcsr.commit(cpu, context);
        VectorOperands.storeXmm(insn, VectorOperands.target(cpu, insn), sum & -(immediate & 1L),
                sum & -(immediate >> 1 & 1L));
    }
}
