// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;

import org.javisor.isa.Mnemonic;

/// Instructions on single flags, and the moves between flags and AH.
///
/// @sdm vol. 1 §7.3.14 "Flag Control (EFLAGS) Instructions"
final class FlagControl {
    private static final int AH = 16;
    /// What SAHF and LAHF move.
    private static final int LOW = Flags.SF | Flags.ZF | Flags.AF | Flags.PF | Flags.CF;

    private FlagControl() { }

    static void bind(Bindings.Binder binder) {
        binder.bind(Mnemonic.CLC, (cpu, _) -> carry(cpu, false))
                .bind(Mnemonic.STC, (cpu, _) -> carry(cpu, true))
                .bind(Mnemonic.CMC, (cpu, _) -> carry(cpu, !cpu.carry()))
                .bind(Mnemonic.CLD, (cpu, _) -> cpu.systemFlags(cpu.systemFlags() & ~Flags.DF))
                .bind(Mnemonic.STD, (cpu, _) -> cpu.systemFlags(cpu.systemFlags() | Flags.DF))
                .bind(Mnemonic.LAHF, (cpu, _) -> cpu.reg(AH, 1, cpu.arithmeticFlags() & LOW | 1 << 1))
                .bind(Mnemonic.SAHF, (cpu, _) -> set(cpu, LOW, (int) cpu.reg(AH, 1)))
                .bind(Mnemonic.SALC, (cpu, _) -> cpu.reg(RAX, 1, cpu.carry() ? 0xff : 0));
    }

    /// Sets CF and no other flag.
    static void carry(Cpu cpu, boolean carry) {
        long aux = cpu.flagsAux();
        cpu.flags(cpu.flagsResult(), Flags.withCarryAndOverflow(aux, carry, Flags.of(aux)));
    }

    /// Sets ZF and no other flag.
    static void zero(Cpu cpu, boolean zero) {
        set(cpu, Flags.ZF, zero ? Flags.ZF : 0);
    }

    /// Replaces the flags of `mask` by those of `bits`.
    static void set(Cpu cpu, int mask, int bits) {
        cpu.arithmeticFlags(cpu.arithmeticFlags() & ~mask | bits & mask);
    }
}
