// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.MEM;

import org.javisor.cpu.fp.Float80Comparison;
import org.javisor.cpu.fp.Float80Context;
import org.javisor.isa.Mnemonic;

/// Comparisons, whose outcome goes to the condition codes or to RFLAGS, and FXAM.
///
/// @sdm vol. 1 §8.3.6 "Comparison and Classification Instructions"
final class X87Comparison {
    private X87Comparison() { }

    static void bind(Bindings.Binder binder) {
        binder.choose(Mnemonic.FCOM, insn -> insn.kind0 == MEM ? (cpu, i) -> real(cpu, i, 0)
                        : (cpu, i) -> register(cpu, i, i.reg0, false, 0))
                .choose(Mnemonic.FCOMP, insn -> insn.kind0 == MEM ? (cpu, i) -> real(cpu, i, 1)
                        : (cpu, i) -> register(cpu, i, i.reg0, false, 1))
                .bind(Mnemonic.FCOMPP, (cpu, insn) -> register(cpu, insn, 1, false, 2))
                .bind(Mnemonic.FUCOM, (cpu, insn) -> register(cpu, insn, insn.reg0, true, 0))
                .bind(Mnemonic.FUCOMP, (cpu, insn) -> register(cpu, insn, insn.reg0, true, 1))
                .bind(Mnemonic.FUCOMPP, (cpu, insn) -> register(cpu, insn, 1, true, 2))
                .bind(Mnemonic.FICOM, (cpu, insn) -> integer(cpu, insn, 0))
                .bind(Mnemonic.FICOMP, (cpu, insn) -> integer(cpu, insn, 1))
                .bind(Mnemonic.FCOMI, (cpu, insn) -> toFlags(cpu, insn, false, 0))
                .bind(Mnemonic.FCOMIP, (cpu, insn) -> toFlags(cpu, insn, false, 1))
                .bind(Mnemonic.FUCOMI, (cpu, insn) -> toFlags(cpu, insn, true, 0))
                .bind(Mnemonic.FUCOMIP, (cpu, insn) -> toFlags(cpu, insn, true, 1))
                .bind(Mnemonic.FTST, X87Comparison::test)
                .bind(Mnemonic.FXAM, X87Comparison::examine);
    }

    private static void register(Cpu cpu, Insn insn, int i, boolean quiet, int pops) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        int order = x87.operands(0, i)
                ? Float80Comparison.compare(c, x87.ase, x87.a, x87.bse, x87.b, quiet)
                : Float80Comparison.UNORDERED;
        finish(x87, insn, order, pops);
    }

    private static void real(Cpu cpu, Insn insn, int pops) {
        cpu.x87.begin();
        X87Operand.loadReal(cpu, insn);
        withMemory(cpu.x87, insn, pops);
    }

    private static void integer(Cpu cpu, Insn insn, int pops) {
        cpu.x87.begin();
        X87Operand.loadInteger(cpu, insn);
        withMemory(cpu.x87, insn, pops);
    }

    private static void withMemory(X87 x87, Insn insn, int pops) {
        Float80Context c = x87.fp;
        int order = Float80Comparison.UNORDERED;
        if (x87.isEmpty(0)) {
            c.begin();
            x87.underflow();
        } else {
            boolean denormal = c.takeDenormal();
            order = Float80Comparison.compare(c, x87.se(0), x87.significand(0), c.se, c.significand, false);
            if (denormal && order != Float80Comparison.UNORDERED) {
                c.addDenormal();
            }
        }
        finish(x87, insn, order, pops);
    }

    private static void test(Cpu cpu, Insn insn) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        int order = x87.holds(0)
                ? Float80Comparison.compare(c, x87.se(0), x87.significand(0), 0, 0, false)
                : Float80Comparison.UNORDERED;
        finish(x87, insn, order, 0);
    }

    /// Delivers the outcome to the condition codes, unless an exception prevents it.
    private static void finish(X87 x87, Insn insn, int order, int pops) {
        if (x87.fp.isPrevented()) {
            x87.commit(insn);
            return;
        }
        x87.fp.raised |= order;
        x87.commit(insn, X87.CODES);
        pop(x87, pops);
    }

    private static void pop(X87 x87, int pops) {
        for (int i = 0; i < pops; i++) {
            x87.pop();
        }
    }

    private static void toFlags(Cpu cpu, Insn insn, boolean quiet, int pops) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        int order = x87.operands(0, insn.reg1)
                ? Float80Comparison.compare(c, x87.ase, x87.a, x87.bse, x87.b, quiet)
                : Float80Comparison.UNORDERED;
        boolean prevented = c.isPrevented();
        x87.commit(insn);
        if (!prevented) {
            cpu.arithmeticFlags(flags(order));
            pop(x87, pops);
        }
    }

    /// C0, C2 and C3 stand for CF, PF and ZF.
    private static int flags(int order) {
        return ((order & Float80Context.C0) != 0 ? Flags.CF : 0)
                | ((order & Float80Context.C2) != 0 ? Flags.PF : 0)
                | ((order & Float80Context.C3) != 0 ? Flags.ZF : 0);
    }

    private static void examine(Cpu cpu, Insn insn) {
        X87 x87 = cpu.x87;
        x87.begin().raised = Float80Comparison.examine(x87.se(0), x87.significand(0), x87.isEmpty(0));
        x87.commit(insn, X87.CODES);
    }
}
