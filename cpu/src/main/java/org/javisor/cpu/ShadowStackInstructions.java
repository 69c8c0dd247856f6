// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.ControlFlowEnforcement.WRITE_SHADOW_STACK;

import org.javisor.isa.Mnemonic;

/// The instructions on shadow stacks.
///
/// @sdm vol. 1 §17.2.3 "Shadow Stack Management"; vol. 2
final class ShadowStackInstructions {
    /// In tokens: made by 64-bit code; of a previous stack.
    private static final long LONG_MODE = 1, PREVIOUS = 2;

    private ShadowStackInstructions() { }

    static void bind(Bindings.Binder binder) {
        binder.bind(Mnemonic.RDSSP, ShadowStackInstructions::read)
                .bind(Mnemonic.INCSSP, ShadowStackInstructions::increment)
                .bind(Mnemonic.SAVEPREVSSP, ShadowStackInstructions::savePrevious)
                .bind(Mnemonic.RSTORSSP, ShadowStackInstructions::restore)
                .bind(Mnemonic.WRSS, ShadowStackInstructions::write)
                .bind(Mnemonic.WRUSS, ShadowStackInstructions::writeUser)
                .bind(Mnemonic.SETSSBSY, ShadowStackInstructions::setBusy)
                .bind(Mnemonic.CLRSSBSY, ShadowStackInstructions::clearBusy);
    }

    private static void require(Cpu cpu) {
        if (!cpu.shadowStack.enabled()) {
            throw cpu.ud();
        }
    }

    /// Where there is no shadow stack this does nothing, as the encoding did before.
    private static void read(Cpu cpu, Insn insn) {
        if (cpu.shadowStack.enabled()) {
            cpu.write(insn, 0, cpu.shadowStack.pointer());
        }
    }

    private static void increment(Cpu cpu, Insn insn) {
        require(cpu);
        ShadowStack stack = cpu.shadowStack;
        boolean user = cpu.cpl == 3;
        int bytes = insn.bytes0;
        long items = cpu.read(insn, 0) & 0xff;
        if (items != 0) {
            cpu.mmu.shadowStacks.load(stack.pointer(), bytes, user);
            cpu.mmu.shadowStacks.load(stack.pointer() + (items - 1) * bytes, bytes, user);
        }
        stack.pointer(stack.pointer() + items * bytes);
    }

    private static long longMode(Cpu cpu) {
        return cpu.codeBits == 64 ? LONG_MODE : 0;
    }

    private static void savePrevious(Cpu cpu, Insn insn) {
        require(cpu);
        ShadowStack stack = cpu.shadowStack;
        boolean user = cpu.cpl == 3;
        long pointer = stack.pointer();
        long token = (pointer & 7) != 0 ? 0 : cpu.mmu.shadowStacks.load(pointer, 8, user);
        boolean hole = (cpu.arithmeticFlags() & Flags.CF) != 0;
        boolean filled = hole && cpu.mmu.shadowStacks.load(pointer + 8, 4, user) != 0;
        if ((token & PREVIOUS) == 0 || filled || cpu.codeBits != 64 && token >>> 32 != 0) {
            throw cpu.gp(0);
        }
        long old = token & ~3;
        cpu.mmu.shadowStacks.probe((old & -8) - 8, user);
        cpu.mmu.shadowStacks.store(old - 4, 4, 0, user);
        cpu.mmu.shadowStacks.store((old & -8) - 8, 8, old | longMode(cpu), user);
        stack.pointer(pointer + (hole ? 12 : 8));
    }

    private static void restore(Cpu cpu, Insn insn) {
        require(cpu);
        ShadowStack stack = cpu.shadowStack;
        boolean user = cpu.cpl == 3;
        long at = address(cpu, insn, 8);
        long token = cpu.mmu.shadowStacks.load(at, 8, user);
        cpu.mmu.shadowStacks.probe(at, user);
        boolean valid = (token & 3) == longMode(cpu) && (cpu.codeBits == 64 || token >>> 32 == 0)
                && ((token & ~LONG_MODE) - 8 & -8) == at;
        if (!valid) {
            throw cpu.fault(GuestFault.CP, ControlFlowEnforcement.RESTORE);
        }
        cpu.mmu.shadowStacks.store(at, 8, stack.pointer() | PREVIOUS | longMode(cpu), user);
        stack.pointer(at);
        cpu.arithmeticFlags((token & 4) != 0 ? Flags.CF : 0);
    }

    /// The linear address of the memory operand.
    private static long address(Cpu cpu, Insn insn, int bytes) {
        long gva = cpu.segments.linear(insn.segment, cpu.effectiveAddress(insn), bytes, false);
        if ((gva & bytes - 1) != 0) {
            throw cpu.gp(0);
        }
        return gva;
    }

    private static void write(Cpu cpu, Insn insn) {
        require(cpu);
        if ((cpu.enforcement.control(cpu.cpl) & WRITE_SHADOW_STACK) == 0) {
            throw cpu.ud();
        }
        store(cpu, insn, cpu.cpl == 3);
    }

    private static void writeUser(Cpu cpu, Insn insn) {
        if ((cpu.cr4 & ControlBits.CR4_CET) == 0) {
            throw cpu.ud();
        }
        Privilege.require(cpu);
        store(cpu, insn, true);
    }

    private static void store(Cpu cpu, Insn insn, boolean user) {
        int bytes = insn.bytes0;
        cpu.mmu.shadowStacks.store(address(cpu, insn, bytes), bytes, cpu.read(insn, 1), user);
    }

    private static void requireSupervisor(Cpu cpu) {
        if ((cpu.cr4 & ControlBits.CR4_CET) == 0
                || (cpu.enforcement.supervisor() & ControlFlowEnforcement.SHADOW_STACK) == 0) {
            throw cpu.ud();
        }
        Privilege.require(cpu);
    }

    private static void setBusy(Cpu cpu, Insn insn) {
        requireSupervisor(cpu);
        long at = cpu.shadowStack.pointer(0);
        if ((at & 7) != 0) {
            throw cpu.gp(0);
        }
        if (cpu.mmu.shadowStacks.load(at, 8, false) != at) {
            throw cpu.fault(GuestFault.CP, ControlFlowEnforcement.SET_BUSY);
        }
        cpu.mmu.shadowStacks.store(at, 8, at | ShadowStack.BUSY, false);
        cpu.shadowStack.pointer(at);
    }

    private static void clearBusy(Cpu cpu, Insn insn) {
        requireSupervisor(cpu);
        long at = address(cpu, insn, 8);
        boolean busy = cpu.mmu.shadowStacks.load(at, 8, false) == (at | ShadowStack.BUSY);
        if (busy) {
            cpu.mmu.shadowStacks.store(at, 8, at, false);
        }
        cpu.arithmeticFlags(busy ? 0 : Flags.CF);
        cpu.shadowStack.pointer(0);
    }
}
