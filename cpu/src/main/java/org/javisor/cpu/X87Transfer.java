// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.MEM;

import org.javisor.cpu.fp.Float80Constant;
import org.javisor.cpu.fp.Float80Context;
import org.javisor.cpu.fp.Float80Conversion;
import org.javisor.cpu.fp.Float80Decimal;
import org.javisor.cpu.fp.Float80Integer;
import org.javisor.isa.Mnemonic;

/// Loads, stores, exchanges, conditional moves, and constants.
///
/// @sdm vol. 1 §8.3.3 "Data Transfer Instructions", §8.3.4 "Load Constant Instructions"
final class X87Transfer {
    private X87Transfer() { }

    static void bind(Bindings.Binder binder) {
        binder.choose(Mnemonic.FLD, X87Transfer::chooseLoad)
                .bind(Mnemonic.FILD, X87Transfer::loadInteger)
                .bind(Mnemonic.FBLD, X87Transfer::loadDecimal)
                .choose(Mnemonic.FST, X87Transfer::chooseStore)
                .choose(Mnemonic.FSTP, X87Transfer::chooseStoreAndPop)
                .bind(Mnemonic.FSTPNCE, X87Transfer::storeUnchecked)
                .bind(Mnemonic.FIST, (cpu, insn) -> storeInteger(cpu, insn, false))
                .bind(Mnemonic.FISTP, (cpu, insn) -> storeInteger(cpu, insn, true))
                .bind(Mnemonic.FISTTP, X87Transfer::storeTruncated)
                .bind(Mnemonic.FBSTP, X87Transfer::storeDecimal)
                .bind(Mnemonic.FXCH, X87Transfer::exchange);
        bindConditional(binder);
        bindConstants(binder);
    }

    private static void bindConditional(Bindings.Binder binder) {
        binder.bind(Mnemonic.FCMOVB, (cpu, insn) -> moveIf(cpu, insn, Conditions.b(cpu)))
                .bind(Mnemonic.FCMOVNB, (cpu, insn) -> moveIf(cpu, insn, !Conditions.b(cpu)))
                .bind(Mnemonic.FCMOVE, (cpu, insn) -> moveIf(cpu, insn, Conditions.e(cpu)))
                .bind(Mnemonic.FCMOVNE, (cpu, insn) -> moveIf(cpu, insn, !Conditions.e(cpu)))
                .bind(Mnemonic.FCMOVBE, (cpu, insn) -> moveIf(cpu, insn, Conditions.be(cpu)))
                .bind(Mnemonic.FCMOVNBE, (cpu, insn) -> moveIf(cpu, insn, !Conditions.be(cpu)))
                .bind(Mnemonic.FCMOVU, (cpu, insn) -> moveIf(cpu, insn, Conditions.p(cpu)))
                .bind(Mnemonic.FCMOVNU, (cpu, insn) -> moveIf(cpu, insn, !Conditions.p(cpu)));
    }

    private static void bindConstants(Bindings.Binder binder) {
        binder.bind(Mnemonic.FLD1, (cpu, insn) -> loadConstant(cpu, insn, Float80Constant.ONE))
                .bind(Mnemonic.FLDL2T, (cpu, insn) -> loadConstant(cpu, insn, Float80Constant.LOG2_10))
                .bind(Mnemonic.FLDL2E, (cpu, insn) -> loadConstant(cpu, insn, Float80Constant.LOG2_E))
                .bind(Mnemonic.FLDPI, (cpu, insn) -> loadConstant(cpu, insn, Float80Constant.PI))
                .bind(Mnemonic.FLDLG2, (cpu, insn) -> loadConstant(cpu, insn, Float80Constant.LOG10_2))
                .bind(Mnemonic.FLDLN2, (cpu, insn) -> loadConstant(cpu, insn, Float80Constant.LN_2))
                .bind(Mnemonic.FLDZ, (cpu, insn) -> loadConstant(cpu, insn, Float80Constant.ZERO));
    }

    private static Handler chooseLoad(Insn insn) {
        if (insn.kind0 != MEM) {
            return X87Transfer::loadRegister;
        }
        return insn.bytes0 == 10 ? X87Transfer::loadExtended : X87Transfer::loadReal;
    }

    private static Handler chooseStore(Insn insn) {
        if (insn.kind0 != MEM) {
            return (cpu, i) -> storeRegister(cpu, i, false);
        }
        return switch (insn.bytes0) {
            case 4 -> (cpu, i) -> storeSingle(cpu, i, false);
            case 8 -> (cpu, i) -> storeDouble(cpu, i, false);
            default -> X87Transfer::storeExtended;
        };
    }

    private static Handler chooseStoreAndPop(Insn insn) {
        if (insn.kind0 != MEM) {
            return (cpu, i) -> storeRegister(cpu, i, true);
        }
        return switch (insn.bytes0) {
            case 4 -> (cpu, i) -> storeSingle(cpu, i, true);
            case 8 -> (cpu, i) -> storeDouble(cpu, i, true);
            default -> X87Transfer::storeExtended;
        };
    }

    // ---- loads ----

    private static void loadRegister(Cpu cpu, Insn insn) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        if (x87.holds(insn.reg0) && x87.hasRoom()) {
            c.se = x87.se(insn.reg0);
            c.significand = x87.significand(insn.reg0);
        }
        x87.deliverAndPush(insn);
    }

    private static void loadReal(Cpu cpu, Insn insn) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        X87Operand.loadReal(cpu, insn);
        if (x87.isEmpty(7)) {
            Float80Conversion.quieten(c);
        } else {
            c.begin();
            x87.hasRoom();
        }
        // A denormal operand, masked or not, is loaded.
        boolean denormal = c.takeDenormal();
        boolean prevented = c.isPrevented();
        if (denormal) {
            c.addDenormal();
        }
        if (!prevented) {
            x87.push(c.se, c.significand);
        }
        x87.commit(insn);
    }

    private static void loadExtended(Cpu cpu, Insn insn) {
        cpu.x87.begin();
        X87Operand.loadExtended(cpu, insn);
        finishLoad(cpu.x87, insn);
    }

    private static void loadInteger(Cpu cpu, Insn insn) {
        cpu.x87.begin();
        X87Operand.loadInteger(cpu, insn);
        finishLoad(cpu.x87, insn);
    }

    private static void loadDecimal(Cpu cpu, Insn insn) {
        cpu.x87.begin();
        X87Operand.loadDecimal(cpu, insn);
        finishLoad(cpu.x87, insn);
    }

    private static void loadConstant(Cpu cpu, Insn insn, Float80Constant constant) {
        constant.load(cpu.x87.begin());
        finishLoad(cpu.x87, insn);
    }

    private static void finishLoad(X87 x87, Insn insn) {
        x87.hasRoom();
        x87.deliverAndPush(insn);
    }

    // ---- stores ----

    private static void storeRegister(Cpu cpu, Insn insn, boolean pops) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        if (x87.holds(0)) {
            c.se = x87.se(0);
            c.significand = x87.significand(0);
        }
        if (x87.deliver(insn, insn.reg0) && pops) {
            x87.pop();
        }
    }

    /// FSTPNCE: as FSTP, but an empty ST(0) is stored like any other.
    private static void storeUnchecked(Cpu cpu, Insn insn) {
        X87 x87 = cpu.x87;
        x87.begin();
        x87.set(insn.reg0, x87.se(0), x87.significand(0));
        x87.commit(insn);
        x87.pop();
    }

    private static void storeSingle(Cpu cpu, Insn insn, boolean pops) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        x87.loadForStore();
        finishStore(cpu, insn, Float80Conversion.toSingle(c, c.se, c.significand) & 0xffff_ffffL, pops);
    }

    private static void storeDouble(Cpu cpu, Insn insn, boolean pops) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        x87.loadForStore();
        finishStore(cpu, insn, Float80Conversion.toDouble(c, c.se, c.significand), pops);
    }

    private static void storeInteger(Cpu cpu, Insn insn, boolean pops) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        x87.loadForStore();
        finishStore(cpu, insn, Float80Integer.toInteger(c, c.se, c.significand, insn.bytes0), pops);
    }

    private static void storeTruncated(Cpu cpu, Insn insn) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        x87.loadForStore();
        finishStore(cpu, insn, Float80Integer.toIntegerTruncating(c, c.se, c.significand, insn.bytes0), true);
    }

    /// Overflow and underflow, too, prevent a store when they are not masked.
    private static void finishStore(Cpu cpu, Insn insn, long bits, boolean pops) {
        X87 x87 = cpu.x87;
        boolean prevented = x87.fp.isPrevented() || (x87.fp.unmasked() & ~Float80Context.PE) != 0;
        if (!prevented) {
            X87Operand.store(cpu, insn, bits);
        }
        finishMemoryStore(x87, insn, pops && !prevented);
    }

    private static void finishMemoryStore(X87 x87, Insn insn, boolean pops) {
        x87.commit(insn);
        if (pops) {
            x87.pop();
        }
    }

    private static void storeExtended(Cpu cpu, Insn insn) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        x87.loadForStore();
        storeTenBytes(cpu, insn, c);
    }

    private static void storeDecimal(Cpu cpu, Insn insn) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        x87.loadForStore();
        Float80Decimal.store(c, c.se, c.significand);
        storeTenBytes(cpu, insn, c);
    }

    private static void storeTenBytes(Cpu cpu, Insn insn, Float80Context c) {
        boolean prevented = c.isPrevented();
        if (!prevented) {
            X87Operand.storeExtended(cpu, insn, c.se, c.significand);
        }
        finishMemoryStore(cpu.x87, insn, !prevented);
    }

    // ---- between registers ----

    private static void exchange(Cpu cpu, Insn insn) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        int i = insn.reg0;
        boolean zeroEmpty = x87.isEmpty(0);
        boolean otherEmpty = x87.isEmpty(i);
        if (zeroEmpty || otherEmpty) {
            x87.underflow();
        }
        if (!c.isPrevented()) {
            int se = zeroEmpty ? c.se : x87.se(0);
            long significand = zeroEmpty ? c.significand : x87.significand(0);
            x87.set(0, otherEmpty ? c.se : x87.se(i), otherEmpty ? c.significand : x87.significand(i));
            x87.set(i, se, significand);
        }
        x87.commit(insn);
    }

    private static void moveIf(Cpu cpu, Insn insn, boolean condition) {
        X87 x87 = cpu.x87;
        Float80Context c = x87.begin();
        if (x87.operands(insn.reg0, insn.reg1)) {
            c.se = condition ? x87.bse : x87.ase;
            c.significand = condition ? x87.b : x87.a;
        }
        if (!c.isPrevented()) {
            x87.set(insn.reg0, c.se, c.significand);
        }
        x87.commit(insn, c.raised == 0 ? 0 : Float80Context.C1);
    }
}
