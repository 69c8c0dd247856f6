// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.Operands.get4;
import static org.javisor.cpu.Operands.get8;
import static org.javisor.cpu.Operands.set1;
import static org.javisor.cpu.Operands.set4;
import static org.javisor.cpu.Operands.set8;
import static org.javisor.isa.Instruction.GPR;

import org.javisor.isa.Mnemonic;

/// The sixteen conditions, and the instructions that depend on one: Jcc, SETcc, CMOVcc.
///
/// Each condition reads no more of the flags than it needs.
///
/// @sdm vol. 1 appendix B "EFLAGS Condition Codes"
final class Conditions {
    private Conditions() { }

    static void bind(Bindings.Binder binder) {
        bindJumps(binder);
        bindSets(binder);
        bindMoves(binder);
    }

    static boolean o(Cpu cpu) {
        return Flags.of(cpu.flagsAux());
    }

    static boolean b(Cpu cpu) {
        return Flags.cf(cpu.flagsAux());
    }

    static boolean e(Cpu cpu) {
        return Flags.zf(cpu.flagsResult());
    }

    static boolean be(Cpu cpu) {
        return b(cpu) || e(cpu);
    }

    static boolean s(Cpu cpu) {
        return Flags.sf(cpu.flagsResult(), cpu.flagsAux());
    }

    static boolean p(Cpu cpu) {
        return Flags.pf(cpu.flagsResult(), cpu.flagsAux());
    }

    static boolean l(Cpu cpu) {
        return Flags.less(cpu.flagsResult(), cpu.flagsAux());
    }

    static boolean le(Cpu cpu) {
        return e(cpu) || l(cpu);
    }

    private static void bindJumps(Bindings.Binder binder) {
        binder.bind(Mnemonic.JO, (cpu, insn) -> Branches.jumpIf(cpu, insn, o(cpu)))
                .bind(Mnemonic.JNO, (cpu, insn) -> Branches.jumpIf(cpu, insn, !o(cpu)))
                .bind(Mnemonic.JB, (cpu, insn) -> Branches.jumpIf(cpu, insn, b(cpu)))
                .bind(Mnemonic.JAE, (cpu, insn) -> Branches.jumpIf(cpu, insn, !b(cpu)))
                .bind(Mnemonic.JE, (cpu, insn) -> Branches.jumpIf(cpu, insn, e(cpu)))
                .bind(Mnemonic.JNE, (cpu, insn) -> Branches.jumpIf(cpu, insn, !e(cpu)))
                .bind(Mnemonic.JBE, (cpu, insn) -> Branches.jumpIf(cpu, insn, be(cpu)))
                .bind(Mnemonic.JA, (cpu, insn) -> Branches.jumpIf(cpu, insn, !be(cpu)))
                .bind(Mnemonic.JS, (cpu, insn) -> Branches.jumpIf(cpu, insn, s(cpu)))
                .bind(Mnemonic.JNS, (cpu, insn) -> Branches.jumpIf(cpu, insn, !s(cpu)))
                .bind(Mnemonic.JP, (cpu, insn) -> Branches.jumpIf(cpu, insn, p(cpu)))
                .bind(Mnemonic.JNP, (cpu, insn) -> Branches.jumpIf(cpu, insn, !p(cpu)))
                .bind(Mnemonic.JL, (cpu, insn) -> Branches.jumpIf(cpu, insn, l(cpu)))
                .bind(Mnemonic.JGE, (cpu, insn) -> Branches.jumpIf(cpu, insn, !l(cpu)))
                .bind(Mnemonic.JLE, (cpu, insn) -> Branches.jumpIf(cpu, insn, le(cpu)))
                .bind(Mnemonic.JG, (cpu, insn) -> Branches.jumpIf(cpu, insn, !le(cpu)));
    }

    private static void bindSets(Bindings.Binder binder) {
        binder.bind(Mnemonic.SETO, (cpu, insn) -> set(cpu, insn, o(cpu)))
                .bind(Mnemonic.SETNO, (cpu, insn) -> set(cpu, insn, !o(cpu)))
                .bind(Mnemonic.SETB, (cpu, insn) -> set(cpu, insn, b(cpu)))
                .bind(Mnemonic.SETAE, (cpu, insn) -> set(cpu, insn, !b(cpu)))
                .bind(Mnemonic.SETE, (cpu, insn) -> set(cpu, insn, e(cpu)))
                .bind(Mnemonic.SETNE, (cpu, insn) -> set(cpu, insn, !e(cpu)))
                .bind(Mnemonic.SETBE, (cpu, insn) -> set(cpu, insn, be(cpu)))
                .bind(Mnemonic.SETA, (cpu, insn) -> set(cpu, insn, !be(cpu)))
                .bind(Mnemonic.SETS, (cpu, insn) -> set(cpu, insn, s(cpu)))
                .bind(Mnemonic.SETNS, (cpu, insn) -> set(cpu, insn, !s(cpu)))
                .bind(Mnemonic.SETP, (cpu, insn) -> set(cpu, insn, p(cpu)))
                .bind(Mnemonic.SETNP, (cpu, insn) -> set(cpu, insn, !p(cpu)))
                .bind(Mnemonic.SETL, (cpu, insn) -> set(cpu, insn, l(cpu)))
                .bind(Mnemonic.SETGE, (cpu, insn) -> set(cpu, insn, !l(cpu)))
                .bind(Mnemonic.SETLE, (cpu, insn) -> set(cpu, insn, le(cpu)))
                .bind(Mnemonic.SETG, (cpu, insn) -> set(cpu, insn, !le(cpu)));
    }

    private static void bindMoves(Bindings.Binder binder) {
        binder.choose(Mnemonic.CMOVO, moves((cpu, insn) -> move(cpu, insn, o(cpu)),
                (cpu, insn) -> move4(cpu, insn, o(cpu)), (cpu, insn) -> move8(cpu, insn, o(cpu))));
        binder.choose(Mnemonic.CMOVNO, moves((cpu, insn) -> move(cpu, insn, !o(cpu)),
                (cpu, insn) -> move4(cpu, insn, !o(cpu)), (cpu, insn) -> move8(cpu, insn, !o(cpu))));
        binder.choose(Mnemonic.CMOVB, moves((cpu, insn) -> move(cpu, insn, b(cpu)),
                (cpu, insn) -> move4(cpu, insn, b(cpu)), (cpu, insn) -> move8(cpu, insn, b(cpu))));
        binder.choose(Mnemonic.CMOVAE, moves((cpu, insn) -> move(cpu, insn, !b(cpu)),
                (cpu, insn) -> move4(cpu, insn, !b(cpu)), (cpu, insn) -> move8(cpu, insn, !b(cpu))));
        binder.choose(Mnemonic.CMOVE, moves((cpu, insn) -> move(cpu, insn, e(cpu)),
                (cpu, insn) -> move4(cpu, insn, e(cpu)), (cpu, insn) -> move8(cpu, insn, e(cpu))));
        binder.choose(Mnemonic.CMOVNE, moves((cpu, insn) -> move(cpu, insn, !e(cpu)),
                (cpu, insn) -> move4(cpu, insn, !e(cpu)), (cpu, insn) -> move8(cpu, insn, !e(cpu))));
        binder.choose(Mnemonic.CMOVBE, moves((cpu, insn) -> move(cpu, insn, be(cpu)),
                (cpu, insn) -> move4(cpu, insn, be(cpu)), (cpu, insn) -> move8(cpu, insn, be(cpu))));
        binder.choose(Mnemonic.CMOVA, moves((cpu, insn) -> move(cpu, insn, !be(cpu)),
                (cpu, insn) -> move4(cpu, insn, !be(cpu)), (cpu, insn) -> move8(cpu, insn, !be(cpu))));
        binder.choose(Mnemonic.CMOVS, moves((cpu, insn) -> move(cpu, insn, s(cpu)),
                (cpu, insn) -> move4(cpu, insn, s(cpu)), (cpu, insn) -> move8(cpu, insn, s(cpu))));
        binder.choose(Mnemonic.CMOVNS, moves((cpu, insn) -> move(cpu, insn, !s(cpu)),
                (cpu, insn) -> move4(cpu, insn, !s(cpu)), (cpu, insn) -> move8(cpu, insn, !s(cpu))));
        binder.choose(Mnemonic.CMOVP, moves((cpu, insn) -> move(cpu, insn, p(cpu)),
                (cpu, insn) -> move4(cpu, insn, p(cpu)), (cpu, insn) -> move8(cpu, insn, p(cpu))));
        binder.choose(Mnemonic.CMOVNP, moves((cpu, insn) -> move(cpu, insn, !p(cpu)),
                (cpu, insn) -> move4(cpu, insn, !p(cpu)), (cpu, insn) -> move8(cpu, insn, !p(cpu))));
        binder.choose(Mnemonic.CMOVL, moves((cpu, insn) -> move(cpu, insn, l(cpu)),
                (cpu, insn) -> move4(cpu, insn, l(cpu)), (cpu, insn) -> move8(cpu, insn, l(cpu))));
        binder.choose(Mnemonic.CMOVGE, moves((cpu, insn) -> move(cpu, insn, !l(cpu)),
                (cpu, insn) -> move4(cpu, insn, !l(cpu)), (cpu, insn) -> move8(cpu, insn, !l(cpu))));
        binder.choose(Mnemonic.CMOVLE, moves((cpu, insn) -> move(cpu, insn, le(cpu)),
                (cpu, insn) -> move4(cpu, insn, le(cpu)), (cpu, insn) -> move8(cpu, insn, le(cpu))));
        binder.choose(Mnemonic.CMOVG, moves((cpu, insn) -> move(cpu, insn, !le(cpu)),
                (cpu, insn) -> move4(cpu, insn, !le(cpu)), (cpu, insn) -> move8(cpu, insn, !le(cpu))));
    }

    private static Forms moves(Handler general, Handler register4, Handler register8) {
        return Forms.of(general).register(4, register4).register(8, register8);
    }

    private static void set(Cpu cpu, Insn insn, boolean holds) {
        if (insn.kind0 == GPR) {
            set1(cpu, insn.at0, holds ? 1 : 0);
        } else {
            cpu.write(insn, 0, holds ? 1 : 0);
        }
    }

    /// CMOVcc reads its source, and clears the upper half of a 32-bit destination, whether it moves or not.
    private static void move(Cpu cpu, Insn insn, boolean holds) {
        int bytes = insn.bytes0;
        long source = cpu.read(insn, 1);
        cpu.reg(insn.reg0, bytes, holds ? source : cpu.reg(insn.reg0, bytes));
    }

    private static void move4(Cpu cpu, Insn insn, boolean holds) {
        set4(cpu, insn.at0, get4(cpu, holds ? insn.at1 : insn.at0));
    }

    private static void move8(Cpu cpu, Insn insn, boolean holds) {
        if (holds) {
            set8(cpu, insn.at0, get8(cpu, insn.at1));
        }
    }
}
