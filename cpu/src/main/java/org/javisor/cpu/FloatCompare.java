// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.FloatForms.packedDouble;
import static org.javisor.cpu.FloatForms.packedSingle;
import static org.javisor.cpu.FloatForms.scalarDouble;
import static org.javisor.cpu.FloatForms.scalarSingle;
import static org.javisor.cpu.VectorOperands.load;

import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.javisor.cpu.fp.Float32;
import org.javisor.cpu.fp.Float64;
import org.javisor.cpu.fp.FloatContext;
import org.javisor.cpu.fp.Relation;
import org.javisor.host.HostMemory;
import org.javisor.isa.Mnemonic;

/// SSE floating-point comparison.
final class FloatCompare {
    private static final int PREDICATES = 32;

    private FloatCompare() { }

    static void bind(Bindings.Binder b) {
        b.choose(Mnemonic.CMPPS, byPredicate(FloatCompare::cmpps))
                .choose(Mnemonic.CMPPD, byPredicate(FloatCompare::cmppd))
                .choose(Mnemonic.CMPSS, byPredicate(FloatCompare::cmpss))
                .choose(Mnemonic.CMPSD, byPredicate(FloatCompare::cmpsd))
                .bind(Mnemonic.COMISS, (cpu, insn) -> compareSingle(cpu, insn, true))
                .bind(Mnemonic.COMISD, (cpu, insn) -> compareDouble(cpu, insn, true))
                .bind(Mnemonic.UCOMISS, (cpu, insn) -> compareSingle(cpu, insn, false))
                .bind(Mnemonic.UCOMISD, (cpu, insn) -> compareDouble(cpu, insn, false));
    }

    /// SSE knows predicates 0 to 7, AVX 0 to 31; the other bits of the immediate are reserved and do not matter.
    private static int predicate(Insn insn) {
        return (int) insn.immediate & (insn.vectorBytes == 0 ? 7 : PREDICATES - 1);
    }

    /// The handlers of all predicates, made once.
    private static Function<Insn, Handler> byPredicate(IntFunction<Handler> handler) {
        Handler[] handlers = IntStream.range(0, PREDICATES).mapToObj(handler).toArray(Handler[]::new);
        return insn -> handlers[predicate(insn)];
    }

    private static Handler cmpps(int predicate) {
        FloatOperation comparison = (a, b, context) -> Float32.compareToMask(a, b, predicate, context);
        return (cpu, insn) -> packedSingle(cpu, insn, comparison);
    }

    private static Handler cmppd(int predicate) {
        DoubleOperation comparison = (a, b, context) -> Float64.compareToMask(a, b, predicate, context);
        return (cpu, insn) -> packedDouble(cpu, insn, comparison);
    }

    private static Handler cmpss(int predicate) {
        FloatOperation comparison = (a, b, context) -> Float32.compareToMask(a, b, predicate, context);
        return (cpu, insn) -> scalarSingle(cpu, insn, comparison);
    }

    private static Handler cmpsd(int predicate) {
        DoubleOperation comparison = (a, b, context) -> Float64.compareToMask(a, b, predicate, context);
        return (cpu, insn) -> scalarDouble(cpu, insn, comparison);
    }

    private static void compareSingle(Cpu cpu, Insn insn, boolean signalling) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        int b = HostMemory.loadInt(VectorOperands.sourceScalar(cpu, insn));
        int a = HostMemory.loadInt(VectorOperands.target(cpu, insn));
        int relation = Float32.compare(a, b, signalling, context);
        Mxcsr.commit(cpu, context);
        cpu.arithmeticFlags(flags(relation));
    }

    private static void compareDouble(Cpu cpu, Insn insn, boolean signalling) {
        FloatContext context = Mxcsr.begin(cpu, insn);
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
