// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.store;

import org.javisor.cpu.fp.Float32;
import org.javisor.cpu.fp.Float64;
import org.javisor.cpu.fp.FloatContext;
import org.javisor.cpu.fp.Relation;
import org.javisor.host.HostMemory;
import org.javisor.isa.Mnemonic;

/// SSE floating-point comparison.
final class FloatCompare {
    /// SSE knows predicates 0 to 7; the other bits of the immediate are reserved and do not matter.
    private static final int PREDICATE = 7;

    private FloatCompare() { }

    static void bind(Bindings.Binder b) {
        b.bind(Mnemonic.CMPPS, FloatCompare::cmpps)
                .bind(Mnemonic.CMPPD, FloatCompare::cmppd)
                .bind(Mnemonic.CMPSS, FloatCompare::cmpss)
                .bind(Mnemonic.CMPSD, FloatCompare::cmpsd)
                .bind(Mnemonic.COMISS, (cpu, insn) -> compareSingle(cpu, insn, true))
                .bind(Mnemonic.COMISD, (cpu, insn) -> compareDouble(cpu, insn, true))
                .bind(Mnemonic.UCOMISS, (cpu, insn) -> compareSingle(cpu, insn, false))
                .bind(Mnemonic.UCOMISD, (cpu, insn) -> compareDouble(cpu, insn, false));
    }

    private static void cmpps(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu);
        int predicate = (int) insn.immediate & PREDICATE;
        long b = VectorOperands.source(cpu, insn);
        long a = VectorOperands.target(cpu, insn);
        long low = two(load(a), load(b), predicate, context);
        long high = two(load(a + 8), load(b + 8), predicate, context);
        Mxcsr.commit(cpu, context);
        store(a, low, high);
    }

    private static long two(long a, long b, int predicate, FloatContext context) {
        int low = Float32.compareToMask((int) a, (int) b, predicate, context);
        int high = Float32.compareToMask((int) (a >>> 32), (int) (b >>> 32), predicate, context);
        return LaneMultiply.dwords(low, high);
    }

    private static void cmppd(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu);
        int predicate = (int) insn.immediate & PREDICATE;
        long b = VectorOperands.source(cpu, insn);
        long a = VectorOperands.target(cpu, insn);
        long low = Float64.compareToMask(load(a), load(b), predicate, context);
        long high = Float64.compareToMask(load(a + 8), load(b + 8), predicate, context);
        Mxcsr.commit(cpu, context);
        store(a, low, high);
    }

    private static void cmpss(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu);
        int predicate = (int) insn.immediate & PREDICATE;
        long b = VectorOperands.sourceScalar(cpu, insn);
        long a = VectorOperands.target(cpu, insn);
        int mask = Float32.compareToMask(HostMemory.loadInt(a), HostMemory.loadInt(b), predicate, context);
        Mxcsr.commit(cpu, context);
        HostMemory.storeInt(a, mask);
    }

    private static void cmpsd(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu);
        int predicate = (int) insn.immediate & PREDICATE;
        long b = VectorOperands.sourceScalar(cpu, insn);
        long a = VectorOperands.target(cpu, insn);
        long mask = Float64.compareToMask(load(a), load(b), predicate, context);
        Mxcsr.commit(cpu, context);
        HostMemory.storeLong(a, mask);
    }

    private static void compareSingle(Cpu cpu, Insn insn, boolean signalling) {
        FloatContext context = Mxcsr.begin(cpu);
        int b = HostMemory.loadInt(VectorOperands.sourceScalar(cpu, insn));
        int a = HostMemory.loadInt(VectorOperands.target(cpu, insn));
        int relation = Float32.compare(a, b, signalling, context);
        Mxcsr.commit(cpu, context);
        cpu.arithmeticFlags(flags(relation));
    }

    private static void compareDouble(Cpu cpu, Insn insn, boolean signalling) {
        FloatContext context = Mxcsr.begin(cpu);
        long b = load(VectorOperands.sourceScalar(cpu, insn));
        long a = load(VectorOperands.target(cpu, insn));
        int relation = Float64.compare(a, b, signalling, context);
        Mxcsr.commit(cpu, context);
        cpu.arithmeticFlags(flags(relation));
    }

    /// @sdm vol. 2A "COMISD—Compare Scalar Ordered Double Precision Floating-Point Values and Set EFLAGS"
    private static int flags(int relation) {
        return switch (relation) {
            case Relation.LESS -> Flags.CF;
            case Relation.EQUAL -> Flags.ZF;
            case Relation.GREATER -> 0;
            default -> Flags.ZF | Flags.PF | Flags.CF;
        };
    }
}
