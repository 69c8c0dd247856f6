// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.isa.Mnemonic;

/// CLI, STI, PUSHF and POPF, with what IOPL, CR4.VME and CR4.PVI make of them; CLAC and STAC.
///
/// @sdm vol. 3B §21.2 "Virtual-8086 Mode", §21.4 "Protected-Mode Virtual Interrupts", vol. 2 "CLI", "STI",
///     "POPF"
final class InterruptFlag {
    private static final int USER_FLAGS = Flags.ARITHMETIC | Flags.TF | Flags.DF | Flags.NT;

    private InterruptFlag() { }

    static void bind(Bindings.Binder binder) {
        binder.bind(Mnemonic.CLI, InterruptFlag::clear)
                .bind(Mnemonic.STI, InterruptFlag::set)
                .bind(Mnemonic.PUSHF, InterruptFlag::push)
                .bind(Mnemonic.POPF, InterruptFlag::pop)
                .bind(Mnemonic.CLAC, (cpu, _) -> alignmentCheck(cpu, 0))
                .bind(Mnemonic.STAC, (cpu, _) -> alignmentCheck(cpu, Flags.AC));
    }

    /// CLI and STI change IF itself.
    private static boolean ioPrivileged(Cpu cpu) {
        return cpu.mode == ExecutionMode.REAL || cpu.cpl <= Privilege.iopl(cpu);
    }

    /// CLI and STI change VIF instead.
    private static boolean virtual(Cpu cpu) {
        long enable = cpu.mode == ExecutionMode.VIRTUAL_8086 ? ControlBits.CR4_VME : ControlBits.CR4_PVI;
        return cpu.cpl == 3 && (cpu.cr4 & enable) != 0;
    }

    private static void clear(Cpu cpu, Insn insn) {
        if (ioPrivileged(cpu)) {
            if ((cpu.systemFlags() & Flags.IF) != 0) {
                cpu.systemFlags(cpu.systemFlags() & ~Flags.IF);
                cpu.attention.interruptibilityChanged();
            }
        } else if (virtual(cpu)) {
            cpu.systemFlags(cpu.systemFlags() & ~Flags.VIF);
        } else {
            throw cpu.gp(0);
        }
    }

    private static void set(Cpu cpu, Insn insn) {
        if (ioPrivileged(cpu)) {
            if ((cpu.systemFlags() & Flags.IF) == 0) {
                cpu.systemFlags(cpu.systemFlags() | Flags.IF);
                cpu.attention.interruptibilityChanged();
                cpu.interruptShadow();
            }
        } else if (virtual(cpu) && (cpu.systemFlags() & Flags.VIP) == 0) {
            cpu.systemFlags(cpu.systemFlags() | Flags.VIF);
        } else {
            throw cpu.gp(0);
        }
    }

    private static void push(Cpu cpu, Insn insn) {
        long flags = cpu.rflags() & ~(Flags.RF | Flags.VM);
        if (cpu.mode == ExecutionMode.VIRTUAL_8086 && Privilege.iopl(cpu) < 3) {
            if ((cpu.cr4 & ControlBits.CR4_VME) == 0 || insn.operandBytes != 2) {
                throw cpu.gp(0);
            }
            boolean virtualInterrupts = (flags & Flags.VIF) != 0;
            flags = flags & ~Flags.IF | Flags.IOPL | (virtualInterrupts ? Flags.IF : 0);
        }
        Stack.push(cpu, insn.operandBytes, flags);
    }

    private static void pop(Cpu cpu, Insn insn) {
        int bytes = insn.operandBytes;
        long flags = Stack.peek(cpu, 0, bytes);
        if (cpu.mode == ExecutionMode.VIRTUAL_8086 && Privilege.iopl(cpu) < 3) {
            popVirtual(cpu, flags, bytes);
        } else {
            load(cpu, flags, changeable(cpu, bytes));
        }
        Stack.drop(cpu, bytes);
        cpu.modeChanged();
    }

    private static int changeable(Cpu cpu, int bytes) {
        int mask = USER_FLAGS | (bytes == 2 ? 0 : Flags.AC | Flags.ID);
        if (cpu.cpl == 0) {
            return mask | Flags.IF | Flags.IOPL;
        }
        return cpu.cpl <= Privilege.iopl(cpu) ? mask | Flags.IF : mask;
    }

    private static void popVirtual(Cpu cpu, long flags, int bytes) {
        boolean pending = (flags & Flags.IF) != 0 && (cpu.systemFlags() & Flags.VIP) != 0;
        boolean virtual = (cpu.cr4 & ControlBits.CR4_VME) != 0 && bytes == 2;
        if (!virtual || pending || (flags & Flags.TF) != 0) {
            throw cpu.gp(0);
        }
        load(cpu, flags, USER_FLAGS);
        cpu.systemFlags(cpu.systemFlags() & ~Flags.VIF | ((flags & Flags.IF) != 0 ? Flags.VIF : 0));
    }

    private static void load(Cpu cpu, long flags, int mask) {
        cpu.arithmeticFlags((int) flags);
        int system = mask & ~Flags.ARITHMETIC;
        cpu.systemFlags(cpu.systemFlags() & ~(system | Flags.RF) | (int) flags & system);
    }

    private static void alignmentCheck(Cpu cpu, int value) {
        if (cpu.mode == ExecutionMode.VIRTUAL_8086 || cpu.cpl != 0) {
            throw cpu.ud();
        }
        cpu.systemFlags(cpu.systemFlags() & ~Flags.AC | value);
        cpu.modeChanged();
    }
}
