// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;

import org.javisor.isa.Mnemonic;

/// Adjustments for decimal arithmetic. Flags that the manual leaves undefined are those of the binary
/// addition or subtraction behind the adjustment, as AMD's processors have them.
///
/// @sdm vol. 1 §7.3.4 "Decimal Arithmetic Instructions"
final class Decimal {
    private static final int AL = RAX, AH = 16;

    private Decimal() { }

    static void bind(Bindings.Binder binder) {
        binder.bind(Mnemonic.AAA, (cpu, _) -> adjustUnpacked(cpu, 0x106))
                .bind(Mnemonic.AAS, (cpu, _) -> adjustUnpacked(cpu, -0x106))
                .bind(Mnemonic.AAM, Decimal::aam)
                .bind(Mnemonic.AAD, Decimal::aad)
                .bind(Mnemonic.DAA, (cpu, _) -> adjustPacked(cpu, 1))
                .bind(Mnemonic.DAS, (cpu, _) -> adjustPacked(cpu, -1));
    }

    /// SF, ZF and PF of AL, and the given CF and AF.
    private static void setFlags(Cpu cpu, long al, int others) {
        cpu.flagsOfLogic(al, 1);
        FlagControl.set(cpu, Flags.CF | Flags.AF, others);
    }

    /// AAA and AAS: carries a digit above 9 from AL into AH.
    private static void adjustUnpacked(Cpu cpu, int adjustment) {
        int ax = cpu.reg16(RAX);
        boolean carry = (ax & 0xf) > 9 || Flags.af(cpu.flagsAux());
        int adjusted = carry ? ax + adjustment : ax;
        cpu.reg16(RAX, adjusted & 0xff0f);
        cpu.flagsOfLogic(adjusted, 2);
        FlagControl.set(cpu, Flags.CF | Flags.AF, carry ? Flags.CF | Flags.AF : 0);
    }

    private static void aam(Cpu cpu, Insn insn) {
        int base = (int) insn.immediate & 0xff;
        if (base == 0) {
            throw cpu.fault(GuestFault.DE);
        }
        int al = (int) cpu.reg(AL, 1);
        cpu.reg16(RAX, al / base << 8 | al % base);
        setFlags(cpu, al % base, 0);
    }

    private static void aad(Cpu cpu, Insn insn) {
        long al = Arithmetic.add(cpu, cpu.reg(AL, 1), cpu.reg(AH, 1) * insn.immediate, 1);
        cpu.reg16(RAX, (int) al & 0xff);
    }

    /// DAA and DAS: `sign` 1 or -1.
    private static void adjustPacked(Cpu cpu, int sign) {
        int old = (int) cpu.reg(AL, 1);
        boolean oldCarry = cpu.carry();
        int al = old;
        int flags = 0;
        if ((old & 0xf) > 9 || Flags.af(cpu.flagsAux())) {
            al += 6 * sign;
            flags = Flags.AF | (oldCarry || (al & ~0xff) != 0 ? Flags.CF : 0);
        }
        if (old > 0x99 || oldCarry) {
            al += 0x60 * sign;
            flags |= Flags.CF;
        } else if (sign > 0) {
            // DAA, unlike DAS, forgets a carry out of the first step: it cannot happen without the second.
            flags &= ~Flags.CF;
        }
        cpu.reg(AL, 1, al);
        cpu.flagsOfAdd(old, al - old, al, 1);
        FlagControl.set(cpu, Flags.CF | Flags.AF, flags);
    }
}
