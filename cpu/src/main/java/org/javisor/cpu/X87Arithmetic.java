// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.MEM;

import org.javisor.cpu.fp.Float80;
import org.javisor.cpu.fp.Float80Addition;
import org.javisor.cpu.fp.Float80Context;
import org.javisor.cpu.fp.Float80Integer;
import org.javisor.cpu.fp.Float80Multiplication;
import org.javisor.cpu.fp.Float80Remainder;
import org.javisor.cpu.fp.Float80Scaling;
import org.javisor.cpu.fp.Float80SquareRoot;
import org.javisor.isa.Mnemonic;

/// Basic arithmetic.
///
/// @sdm vol. 1 §8.3.5 "Basic Arithmetic Instructions"
final class X87Arithmetic {
    /// Combines destination `a` and source `b`.
    @FunctionalInterface
    private interface Operation {
        void apply(Float80Context c, int ase, long a, int bse, long b);
    }

    @FunctionalInterface
    private interface UnaryOperation {
        void apply(Float80Context c, int se, long significand);
    }

    private X87Arithmetic() { }

    static void bind(Bindings.Binder binder) {
        bind(binder, Mnemonic.FADD, Mnemonic.FADDP, Mnemonic.FIADD, Float80Addition::add);
        bind(binder, Mnemonic.FSUB, Mnemonic.FSUBP, Mnemonic.FISUB, Float80Addition::subtract);
        bind(binder, Mnemonic.FSUBR, Mnemonic.FSUBRP, Mnemonic.FISUBR,
                (c, ase, a, bse, b) -> Float80Addition.subtract(c, bse, b, ase, a));
        bind(binder, Mnemonic.FMUL, Mnemonic.FMULP, Mnemonic.FIMUL, Float80Multiplication::multiply);
        bind(binder, Mnemonic.FDIV, Mnemonic.FDIVP, Mnemonic.FIDIV, Float80Multiplication::divide);
        bind(binder, Mnemonic.FDIVR, Mnemonic.FDIVRP, Mnemonic.FIDIVR,
                (c, ase, a, bse, b) -> Float80Multiplication.divide(c, bse, b, ase, a));
        binder.bind(Mnemonic.FSCALE, (cpu, insn) -> register(cpu, insn, 0, 1, Float80Scaling::scale))
                .bind(Mnemonic.FPREM, (cpu, insn) -> remainder(cpu, insn, Float80Remainder::truncating))
                .bind(Mnemonic.FPREM1, (cpu, insn) -> remainder(cpu, insn, Float80Remainder::nearest))
                .bind(Mnemonic.FSQRT, (cpu, insn) -> unary(cpu, insn, Float80SquareRoot::squareRoot))
                .bind(Mnemonic.FRNDINT, (cpu, insn) -> unary(cpu, insn, Float80Integer::round))
                .bind(Mnemonic.FCHS, (cpu, insn) -> unary(cpu, insn,
                        (c, se, significand) -> setResult(c, se ^ Float80.SIGN, significand)))
                .bind(Mnemonic.FABS, (cpu, insn) -> unary(cpu, insn,
                        (c, se, significand) -> setResult(c, se & ~Float80.SIGN, significand)))
                .bind(Mnemonic.FXTRACT, X87Arithmetic::extract);
    }

    private static void bind(Bindings.Binder binder, Mnemonic plain, Mnemonic popping, Mnemonic integer,
                             Operation operation) {
        Handler memory = (cpu, insn) -> real(cpu, insn, operation);
        Handler register = (cpu, insn) -> register(cpu, insn, insn.reg0, insn.reg1, operation);
        binder.choose(plain, insn -> insn.kind0 == MEM ? memory : register)
                .bind(popping, (cpu, insn) -> registerAndPop(cpu, insn, operation))
                .bind(integer, (cpu, insn) -> integer(cpu, insn, operation));
    }

    private static void setResult(Float80Context c, int se, long significand) {
        c.se = se;
        c.significand = significand;
    }

    private static void register(Cpu cpu, Insn insn, int destination, int source, Operation operation) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        if (x87.operands(destination, source)) {
            operation.apply(c, x87.ase, x87.a, x87.bse, x87.b);
        }
        x87.deliver(insn, destination);
    }

    private static void registerAndPop(Cpu cpu, Insn insn, Operation operation) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        if (x87.operands(insn.reg0, insn.reg1)) {
            operation.apply(c, x87.ase, x87.a, x87.bse, x87.b);
        }
        x87.deliverAndPop(insn, insn.reg0);
    }

    private static void real(Cpu cpu, Insn insn, Operation operation) {
        cpu.x87.begin();
        X87Operand.loadReal(cpu, insn);
        withMemory(cpu.x87, insn, operation);
    }

    private static void integer(Cpu cpu, Insn insn, Operation operation) {
        cpu.x87.begin();
        X87Operand.loadInteger(cpu, insn);
        withMemory(cpu.x87, insn, operation);
    }

    /// Combines ST(0) with what was loaded.
    private static void withMemory(X87 x87, Insn insn, Operation operation) {
        Float80Context c = x87.fp;
        if (x87.isEmpty(0)) {
            c.begin();
            x87.underflow();
        } else {
            boolean denormal = c.takeDenormal();
            operation.apply(c, x87.se(0), x87.significand(0), c.se, c.significand);
            if (denormal && !Float80.isNaN(c.se, c.significand)) {
                c.addDenormal();
            }
        }
        x87.deliver(insn, 0);
    }

    private static void unary(Cpu cpu, Insn insn, UnaryOperation operation) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        if (x87.holds(0)) {
            operation.apply(c, x87.se(0), x87.significand(0));
        }
        x87.deliver(insn, 0);
    }

    private static void remainder(Cpu cpu, Insn insn, Operation operation) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        if (x87.operands(0, 1)) {
            operation.apply(c, x87.ase, x87.a, x87.bse, x87.b);
        }
        boolean prevented = c.isPrevented();
        if (!prevented) {
            x87.set(0, c.se, c.significand);
        }
        // Only numbers have quotient bits.
        boolean hasQuotient = !prevented && Float80.isFinite(c.se);
        x87.commit(insn, hasQuotient ? X87.CODES : Float80Context.C1 | Float80Context.C2);
    }

    /// FXTRACT: ST(0) becomes the exponent, and the significand is pushed.
    private static void extract(Cpu cpu, Insn insn) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        if (!x87.holds(0) || !x87.hasRoom()) {
            if (!c.isPrevented()) {
                x87.set(0, c.se, c.significand);
                x87.pushIndefinite();
            }
            x87.commit(insn);
            return;
        }
        int se = x87.se(0);
        long significand = x87.significand(0);
        Float80Scaling.exponent(c, se, significand);
        if (!c.isPrevented()) {
            x87.set(0, c.se, c.significand);
            Float80Scaling.significand(c, se, significand);
            x87.push(c.se, c.significand);
        }
        x87.commit(insn);
    }
}
