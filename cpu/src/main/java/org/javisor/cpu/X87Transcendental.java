// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.fp.Float80Context.C1;
import static org.javisor.cpu.fp.Float80Context.C2;

import org.javisor.cpu.fp.Float80;
import org.javisor.cpu.fp.Float80Arctangent;
import org.javisor.cpu.fp.Float80Context;
import org.javisor.cpu.fp.Float80Exponential;
import org.javisor.cpu.fp.Float80Logarithm;
import org.javisor.cpu.fp.Float80Trigonometry;
import org.javisor.isa.Mnemonic;

/// Trigonometry, logarithms and the exponential.
///
/// @sdm vol. 1 §8.3.7 "Trigonometric Instructions", §8.3.9 "Logarithmic, Exponential, and Scale"
final class X87Transcendental {
    @FunctionalInterface
    private interface Function {
        void apply(Float80Context c, int se, long significand);
    }

    /// Of ST(1), `y`, and ST(0), `x`.
    @FunctionalInterface
    private interface BinaryFunction {
        void apply(Float80Context c, int yse, long y, int xse, long x);
    }

    private X87Transcendental() { }

    static void bind(Bindings.Binder binder) {
        binder.bind(Mnemonic.FSIN, (cpu, insn) -> reducing(cpu, insn, Float80Trigonometry::sine))
                .bind(Mnemonic.FCOS, (cpu, insn) -> reducing(cpu, insn, Float80Trigonometry::cosine))
                .bind(Mnemonic.FSINCOS, X87Transcendental::sineAndCosine)
                .bind(Mnemonic.FPTAN, X87Transcendental::tangent)
                .bind(Mnemonic.F2XM1, X87Transcendental::exponential)
                .bind(Mnemonic.FPATAN, (cpu, insn) -> binary(cpu, insn, Float80Arctangent::arctangent))
                .bind(Mnemonic.FYL2X, (cpu, insn) -> binary(cpu, insn, Float80Logarithm::log2))
                .bind(Mnemonic.FYL2XP1, (cpu, insn) -> binary(cpu, insn, Float80Logarithm::log2Plus1));
    }

    /// FSIN and FCOS, which set C2 for arguments too large to reduce.
    private static void reducing(Cpu cpu, Insn insn, Function function) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        if (x87.holds(0)) {
            function.apply(c, x87.se(0), x87.significand(0));
        }
        if (!c.isPrevented()) {
            x87.set(0, c.se, c.significand);
        }
        x87.commit(insn, C1 | C2);
    }

    private static void exponential(Cpu cpu, Insn insn) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        if (x87.holds(0)) {
            Float80Exponential.exp2Minus1(c, x87.se(0), x87.significand(0));
        }
        x87.deliver(insn, 0);
    }

    /// Sine to ST(0), and the cosine is pushed.
    private static void sineAndCosine(Cpu cpu, Insn insn) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        if (hasOperandAndRoom(x87, insn)) {
            int se = x87.se(0);
            long significand = x87.significand(0);
            Float80Trigonometry.cosine(c, se, significand);
            int cosineSe = c.se;
            long cosine = c.significand;
            // Of the two results' rounding the last one's shows in C1.
            c.raised &= ~C1;
            Float80Trigonometry.sine(c, se, significand);
            finish(x87, insn, cosineSe, cosine);
        }
    }

    /// Tangent to ST(0), and 1 is pushed; a NaN twice.
    private static void tangent(Cpu cpu, Insn insn) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        if (hasOperandAndRoom(x87, insn)) {
            Float80Trigonometry.tangent(c, x87.se(0), x87.significand(0));
            boolean isNaN = Float80.isNaN(c.se, c.significand);
            finish(x87, insn, isNaN ? c.se : Float80.BIAS, isNaN ? c.significand : Float80.INTEGER_BIT);
        }
    }

    private static boolean hasOperandAndRoom(X87 x87, Insn insn) {
        if (x87.holds(0) && x87.hasRoom()) {
            return true;
        }
        Float80Context c = x87.fp;
        if (!c.isPrevented()) {
            x87.set(0, c.se, c.significand);
            x87.pushIndefinite();
        }
        x87.commit(insn, C1 | C2);
        return false;
    }

    /// Delivers the context's result to ST(0) and pushes the other, unless the argument was too large.
    private static void finish(X87 x87, Insn insn, int pushedSe, long pushed) {
        Float80Context c = x87.fp;
        if (!c.isPrevented() && (c.raised & C2) == 0) {
            x87.set(0, c.se, c.significand);
            x87.push(pushedSe, pushed);
        }
        x87.commit(insn, C1 | C2);
    }

    private static void binary(Cpu cpu, Insn insn, BinaryFunction function) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        if (x87.operands(1, 0)) {
            function.apply(c, x87.ase, x87.a, x87.bse, x87.b);
        }
        x87.deliverAndPop(insn, 1);
    }
}
