// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.MEM;

import org.javisor.cpu.fp.Float80Context;
import org.javisor.isa.Mnemonic;

/// Instructions that manage the unit: its words, its stack, and waiting for it.
///
/// @sdm vol. 1 §8.3.10 "x87 FPU Control Instructions"
final class X87Control {
    /// FNCLEX leaves TOP and the condition codes.
    private static final int KEPT_BY_CLEAR = X87.CODES | Float80Context.TOP;

    private X87Control() { }

    static void bind(Bindings.Binder binder) {
        binder.bind(Mnemonic.FWAIT, (cpu, _) -> Availability.checkWait(cpu))
                .bind(Mnemonic.FNOP, (cpu, insn) -> rotate(cpu, insn, 0))
                .bind(Mnemonic.FINCSTP, (cpu, insn) -> rotate(cpu, insn, 1))
                .bind(Mnemonic.FDECSTP, (cpu, insn) -> rotate(cpu, insn, -1))
                .bind(Mnemonic.FFREE, (cpu, insn) -> free(cpu, insn, false))
                .bind(Mnemonic.FFREEP, (cpu, insn) -> free(cpu, insn, true))
                // What the 8087 and 80287 needed and their successors ignore.
                .bind(Mnemonic.FNENI, (cpu, _) -> Availability.checkX87NoWait(cpu))
                .bind(Mnemonic.FNDISI, (cpu, _) -> Availability.checkX87NoWait(cpu))
                .bind(Mnemonic.FNSETPM, (cpu, _) -> Availability.checkX87NoWait(cpu))
                .bind(Mnemonic.FNINIT, X87Control::initialize)
                .bind(Mnemonic.FNCLEX, X87Control::clearExceptions)
                .bind(Mnemonic.FLDCW, X87Control::loadControl)
                .bind(Mnemonic.FNSTCW, X87Control::storeControl)
                .bind(Mnemonic.FNSTSW, X87Control::storeStatus)
                .bind(Mnemonic.FLDENV, X87Environment::load)
                .bind(Mnemonic.FNSTENV, X87Environment::store)
                .bind(Mnemonic.FRSTOR, X87Environment::restoreAll)
                .bind(Mnemonic.FNSAVE, X87Environment::saveAll);
    }

    private static void rotate(Cpu cpu, Insn insn, int by) {
        X87 x87 = cpu.x87;
        x87.begin();
        x87.rotate(by);
        x87.commit(insn, by == 0 ? 0 : Float80Context.C1);
    }

    private static void free(Cpu cpu, Insn insn, boolean pops) {
        X87 x87 = cpu.x87;
        x87.begin();
        x87.free(insn.reg0);
        x87.commit(insn);
        if (pops) {
            x87.pop();
        }
    }

    private static void initialize(Cpu cpu, Insn insn) {
        Availability.checkX87NoWait(cpu);
        LegacyRegion.initializeX87(cpu);
    }

    private static void clearExceptions(Cpu cpu, Insn insn) {
        Availability.checkX87NoWait(cpu);
        cpu.x87.status(cpu.x87.status() & KEPT_BY_CLEAR);
    }

    private static void loadControl(Cpu cpu, Insn insn) {
        Availability.checkX87(cpu);
        cpu.x87.control((int) cpu.read(insn, 0));
    }

    private static void storeControl(Cpu cpu, Insn insn) {
        Availability.checkX87NoWait(cpu);
        cpu.write(insn, 0, cpu.x87.control());
    }

    private static void storeStatus(Cpu cpu, Insn insn) {
        Availability.checkX87NoWait(cpu);
        int fsw = cpu.x87.status();
        if (insn.kind0 == MEM) {
            cpu.write(insn, 0, fsw);
        } else {
            cpu.reg16(CpuLayout.RAX, fsw);
        }
    }
}
