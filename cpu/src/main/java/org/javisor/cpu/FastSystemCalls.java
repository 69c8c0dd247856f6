// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.cpu.CpuLayout.RDX;
import static org.javisor.cpu.CpuLayout.RSP;
import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.FS;
import static org.javisor.isa.Instruction.GS;
import static org.javisor.isa.Instruction.SS;

import org.javisor.host.HostMemory;
import org.javisor.isa.Mnemonic;

/// SYSCALL, SYSRET, SYSENTER, SYSEXIT, and the instructions that systems use beside them: SWAPGS and those on
/// the bases of FS and GS.
///
/// @sdm vol. 3A §5.8.7 "Performing Fast Calls to System Procedures with the SYSENTER and SYSEXIT
///     Instructions", §5.8.8 "Fast System Calls in 64-Bit Mode"
final class FastSystemCalls {
    private static final int R11 = 11;
    /// What SYSRET takes from R11.
    private static final int SYSRET_FLAGS = 0x3c_7fd7;
    private static final int FLAT = Segments.PRESENT | Segments.S | Segments.ACCESSED | Segments.GRANULARITY;
    private static final int CODE = FLAT | Segments.CODE | Segments.READABLE;
    private static final int STACK = FLAT | Segments.WRITABLE | Segments.D;

    private FastSystemCalls() { }

    static void bind(Bindings.Binder binder) {
        binder.bind(Mnemonic.SYSCALL, FastSystemCalls::call)
                .bind(Mnemonic.SYSRET, FastSystemCalls::returnFromCall)
                .bind(Mnemonic.SYSENTER, FastSystemCalls::enter)
                .bind(Mnemonic.SYSEXIT, FastSystemCalls::exit)
                .bind(Mnemonic.SWAPGS, FastSystemCalls::swapGs)
                .bind(Mnemonic.RDFSBASE, (cpu, insn) -> readBase(cpu, insn, FS))
                .bind(Mnemonic.RDGSBASE, (cpu, insn) -> readBase(cpu, insn, GS))
                .bind(Mnemonic.WRFSBASE, (cpu, insn) -> writeBase(cpu, insn, FS))
                .bind(Mnemonic.WRGSBASE, (cpu, insn) -> writeBase(cpu, insn, GS));
    }

    /// Loads CS and SS with flat segments that no table is asked for.
    private static void flatSegments(Cpu cpu, int code, int stack, int cpl, boolean longMode) {
        int privilege = cpl << Segments.DPL_SHIFT;
        flat(cpu, CS, code & ~3 | cpl, CODE | privilege | (longMode ? Segments.L : Segments.D));
        flat(cpu, SS, stack & ~3 | cpl, STACK | privilege);
        cpu.cpl = cpl;
    }

    private static void flat(Cpu cpu, int segment, int selector, int attributes) {
        cpu.segments.selector[segment] = selector & 0xffff;
        cpu.segments.base[segment] = 0;
        cpu.segments.limit[segment] = -1;
        cpu.segments.attributes[segment] = attributes;
    }

    private static void requireCalls(Cpu cpu) {
        boolean defined = cpu.mode == ExecutionMode.LONG || cpu.cpuid.vendor().syscallOutside64BitMode();
        if ((cpu.efer & ControlBits.EFER_SCE) == 0 || !defined) {
            throw cpu.ud();
        }
    }

    private static void call(Cpu cpu, Insn insn) {
        requireCalls(cpu);
        long flags = cpu.rflags() & ~Flags.RF;
        boolean longMode = cpu.mode.ia32e();
        cpu.reg64(RCX, cpu.rip());
        if (longMode) {
            cpu.reg64(R11, flags);
        }
        loadFlags(cpu, flags & ~(longMode ? cpu.system.fmask : Flags.VM | Flags.IF));
        cpu.rip(callTarget(cpu));
        cpu.shadowStack.calledFast();
        callSegments(cpu, longMode);
        cpu.enforcement.entered();
        if ((cpu.systemFlags() & Flags.TF) == 0) {
            cpu.debug.cancelStep();
        }
        cpu.modeChanged();
    }

    private static void callSegments(Cpu cpu, boolean longMode) {
        int selector = (int) (cpu.system.star >>> 32) & 0xffff;
        flatSegments(cpu, selector, (selector & ~3) + 8, 0, longMode);
    }

    private static void returnSegments(Cpu cpu, boolean longMode) {
        int selector = (int) (cpu.system.star >>> 48);
        flatSegments(cpu, selector + (longMode ? 16 : 0), selector + 8, 3, longMode);
    }

    /// Tells translated code which selectors CS and SS have behind SYSCALL and SYSRET in 64-bit mode.
    static void publishSelectors(Cpu cpu) {
        int called = (int) (cpu.system.star >>> 32) & 0xfffc;
        int returned = (int) (cpu.system.star >>> 48) & 0xfffc;
        publish(cpu.state + CpuLayout.CALL_SELECTORS, called, called + 8);
        publish(cpu.state + CpuLayout.RETURN_SELECTORS, returned + 16 | 3, returned + 8 | 3);
    }

    private static void publish(long at, int code, int stack) {
        HostMemory.storeInt(at, code & 0xffff);
        HostMemory.storeInt(at + 4, stack & 0xffff);
    }

    /// Follows translated code that has executed SYSCALL, or else SYSRET, between user and kernel in 64-bit mode. Of
    /// what depends on segments only their selectors differ.
    static void follow(Cpu cpu, boolean called) {
        if (called) {
            callSegments(cpu, true);
        } else {
            returnSegments(cpu, true);
        }
        cpu.segments.refreshSelectors();
    }

    private static long callTarget(Cpu cpu) {
        return switch (cpu.mode) {
            case LONG -> cpu.system.lstar;
            case COMPATIBILITY -> cpu.system.cstar;
            default -> cpu.system.star & 0xffff_ffffL;
        };
    }

    private static void loadFlags(Cpu cpu, long flags) {
        cpu.arithmeticFlags((int) flags);
        cpu.systemFlags((int) flags & ~Flags.ARITHMETIC | 2);
    }

    private static void returnFromCall(Cpu cpu, Insn insn) {
        requireCalls(cpu);
        Privilege.require(cpu);
        boolean longMode = insn.operandBytes == 8;
        long target = cpu.reg64(RCX);
        if (longMode && !cpu.mmu.canonical(target)) {
            throw cpu.gp(0);
        }
        loadFlags(cpu, cpu.mode.ia32e() ? cpu.reg64(R11) & SYSRET_FLAGS : cpu.rflags() | Flags.IF);
        returnSegments(cpu, longMode);
        cpu.shadowStack.returnedFast();
        cpu.rip(longMode ? target : target & 0xffff_ffffL);
        if ((cpu.systemFlags() & Flags.TF) != 0) {
            cpu.debug.stepAtOnce();
        }
        cpu.modeChanged();
    }

    private static void enter(Cpu cpu, Insn insn) {
        int selector = (int) cpu.system.sysenterCs & 0xfffc;
        if (selector == 0) {
            throw cpu.gp(0);
        }
        boolean longMode = cpu.mode.ia32e();
        cpu.systemFlags(cpu.systemFlags() & ~(Flags.VM | Flags.IF | Flags.RF));
        cpu.shadowStack.calledFast();
        flatSegments(cpu, selector, selector + 8, 0, longMode);
        cpu.enforcement.entered();
        long mask = longMode ? -1L : 0xffff_ffffL;
        cpu.reg64(RSP, cpu.system.sysenterEsp & mask);
        cpu.rip(cpu.system.sysenterEip & mask);
        cpu.modeChanged();
    }

    private static void exit(Cpu cpu, Insn insn) {
        int selector = (int) cpu.system.sysenterCs & 0xfffc;
        if (selector == 0 || cpu.cpl != 0) {
            throw cpu.gp(0);
        }
        boolean longMode = insn.operandBytes == 8;
        long target = cpu.reg64(RDX);
        long stack = cpu.reg64(RCX);
        if (longMode && !(cpu.mmu.canonical(target) && cpu.mmu.canonical(stack))) {
            throw cpu.gp(0);
        }
        flatSegments(cpu, selector + (longMode ? 32 : 16), selector + (longMode ? 40 : 24), 3, longMode);
        cpu.shadowStack.returnedFast();
        long mask = longMode ? -1L : 0xffff_ffffL;
        cpu.reg64(RSP, stack & mask);
        cpu.rip(target & mask);
        cpu.modeChanged();
    }

    private static void swapGs(Cpu cpu, Insn insn) {
        Privilege.require(cpu);
        cpu.system.swapGs();
    }

    private static void requireBaseInstructions(Cpu cpu) {
        if ((cpu.cr4 & ControlBits.CR4_FSGSBASE) == 0) {
            throw cpu.ud();
        }
    }

    private static void readBase(Cpu cpu, Insn insn, int segment) {
        requireBaseInstructions(cpu);
        cpu.write(insn, 0, cpu.segments.base[segment]);
    }

    private static void writeBase(Cpu cpu, Insn insn, int segment) {
        requireBaseInstructions(cpu);
        long base = cpu.read(insn, 0);
        if (!cpu.system.canonicalBase(base)) {
            throw cpu.gp(0);
        }
        cpu.system.base(segment, base);
    }
}
