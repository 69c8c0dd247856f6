// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RBX;
import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.cpu.CpuLayout.RDX;

import org.javisor.host.HostMemory;
import org.javisor.isa.Mnemonic;

/// Identification, MSRs, time, translations, halting, and random numbers.
///
/// @sdm vol. 3A §2.8 "System Instruction Summary"
final class SystemInstructions {
    private SystemInstructions() { }

    static void bind(Bindings.Binder binder) {
        binder.bind(Mnemonic.CPUID, SystemInstructions::identify)
                .bind(Mnemonic.RDMSR, SystemInstructions::readMsr)
                .bind(Mnemonic.WRMSR, SystemInstructions::writeMsr)
                .bind(Mnemonic.RDTSC, SystemInstructions::readTime)
                .bind(Mnemonic.RDTSCP, SystemInstructions::readTimeAndProcessor)
                .bind(Mnemonic.RDPID, (cpu, insn) -> cpu.write(insn, 0, cpu.tsc.aux()))
                .bind(Mnemonic.RDPMC, SystemInstructions::readCounter)
                .bind(Mnemonic.HLT, SystemInstructions::halt)
                .bind(Mnemonic.INVLPG, SystemInstructions::invalidatePage)
                .bind(Mnemonic.INVPCID, SystemInstructions::invalidateContext)
                .bind(Mnemonic.INVD, (cpu, _) -> Privilege.require(cpu))
                .bind(Mnemonic.WBINVD, (cpu, _) -> Privilege.require(cpu))
                .bind(Mnemonic.VMCALL, SystemInstructions::hypercall)
                .bind(Mnemonic.VMMCALL, SystemInstructions::hypercall)
                .bind(Mnemonic.RSM, (cpu, _) -> cpu.management.resume())
                .bind(Mnemonic.RDRAND, SystemInstructions::random)
                .bind(Mnemonic.RDSEED, SystemInstructions::random);
    }

    private static void identify(Cpu cpu, Insn insn) {
        int[] answer = cpu.cpuidAnswer;
        cpu.cpuid.query(cpu.reg32(RAX), cpu.reg32(RCX), cpu.system, answer);
        cpu.reg32(RAX, answer[0]);
        cpu.reg32(RBX, answer[1]);
        cpu.reg32(RCX, answer[2]);
        cpu.reg32(RDX, answer[3]);
        cpu.modelSpecific.cpuidExecuted();
    }

    // ---- MSRs ----

    private static void readMsr(Cpu cpu, Insn insn) {
        Privilege.require(cpu);
        cpu.monitor.reached(insn);
        int index = cpu.reg32(RCX);
        long value;
        if (cpu.msrs.policy().denies(index, false)) {
            value = askToRead(cpu, index, MsrPolicy.DENIED);
        } else if (cpu.msrs.readable(index)) {
            value = cpu.msrs.read(index);
        } else {
            value = askToRead(cpu, index, MsrPolicy.UNKNOWN);
        }
        pair(cpu, value);
    }

    private static long askToRead(Cpu cpu, int index, int reason) {
        if (!cpu.msrs.policy().exits(reason)) {
            throw cpu.gp(0);
        }
        return cpu.bus.ask(CpuExit.MSR_READ, index, reason, 0);
    }

    private static void writeMsr(Cpu cpu, Insn insn) {
        Privilege.require(cpu);
        cpu.monitor.reached(insn);
        long value = (long) cpu.reg32(RDX) << 32 | cpu.reg32(RAX) & 0xffff_ffffL;
        int index = cpu.reg32(RCX);
        if (cpu.msrs.policy().denies(index, true)) {
            askToWrite(cpu, index, MsrPolicy.DENIED, value);
        } else if (!cpu.msrs.write(index, value)) {
            askToWrite(cpu, index, cpu.msrs.knows(index) ? MsrPolicy.INVALID : MsrPolicy.UNKNOWN, value);
        }
    }

    private static void askToWrite(Cpu cpu, int index, int reason, long value) {
        if (!cpu.msrs.policy().exits(reason)) {
            throw cpu.gp(0);
        }
        cpu.bus.ask(CpuExit.MSR_WRITE, index, reason, value);
    }

    /// EDX:EAX.
    static void pair(Cpu cpu, long value) {
        cpu.reg32(RAX, (int) value);
        cpu.reg32(RDX, (int) (value >>> 32));
    }

    // ---- time ----

    private static long time(Cpu cpu) {
        if ((cpu.cr4 & ControlBits.CR4_TSD) != 0 && cpu.cpl != 0) {
            throw cpu.gp(0);
        }
        long time = cpu.tsc.read();
        // An interrupt that was due before it comes before anything is made of it.
        if ((cpu.requests() & cpu.attention.mask()) != 0) {
            cpu.blockEnd = 0;
        }
        return time;
    }

    private static void readTime(Cpu cpu, Insn insn) {
        pair(cpu, time(cpu));
    }

    private static void readTimeAndProcessor(Cpu cpu, Insn insn) {
        pair(cpu, time(cpu));
        cpu.reg32(RCX, (int) cpu.tsc.aux());
    }

    private static void readCounter(Cpu cpu, Insn insn) {
        int index = cpu.reg32(RCX);
        Backdoor backdoor = cpu.environment.backdoor();
        if (backdoor != null && backdoor.hasCounter(index)) {
            pair(cpu, backdoor.counter(index));
            return;
        }
        boolean permitted = cpu.cpl == 0 || (cpu.cr4 & ControlBits.CR4_PCE) != 0;
        int counter = permitted && cpu.cpuid.has(CpuFeature.PDCM) ? PerformanceMonitor.counter(index) : -1;
        if (counter < 0) {
            throw cpu.gp(0);
        }
        cpu.monitor.reached(insn);
        pair(cpu, cpu.monitor.read(counter));
    }

    // ---- the rest ----

    private static void halt(Cpu cpu, Insn insn) {
        Privilege.require(cpu);
        cpu.exits.ask(CpuExit.HALT);
    }

    private static void invalidatePage(Cpu cpu, Insn insn) {
        Privilege.require(cpu);
        // Neither limits nor canonical form are checked.
        long base = HostMemory.loadLong(cpu.state + CpuLayout.SEGMENT_BASE + 8L * insn.segment);
        long gva = base + cpu.effectiveAddress(insn) & cpu.segments.linearMask;
        if (cpu.mmu.canonical(gva)) {
            cpu.mmu.spaces.invalidate(gva);
        }
        cpu.blockEnd = 0;
    }

    /// INVPCID: operand 0 is the type, operand 1 the descriptor of PCID and address.
    private static void invalidateContext(Cpu cpu, Insn insn) {
        Privilege.require(cpu);
        long at = cpu.effectiveAddress(insn);
        long pcid = cpu.load(insn.segment, at, 8);
        long gva = cpu.load(insn.segment, at + 8 & insn.addressMask, 8);
        long type = cpu.read(insn, 0);
        boolean tagged = (cpu.cr4 & ControlBits.CR4_PCIDE) != 0;
        boolean selective = type == 0 || type == 1;
        boolean invalid = Long.compareUnsigned(type, 3) > 0 || pcid >>> 12 != 0
                || selective && !tagged && pcid != 0 || type == 0 && !cpu.system.canonicalBase(gva);
        if (invalid) {
            throw cpu.gp(0);
        }
        switch ((int) type) {
            case 0 -> cpu.mmu.spaces.invalidate(gva, (int) pcid);
            case 1 -> cpu.mmu.spaces.flushPcid((int) pcid);
            case 2 -> cpu.mmu.flush();
            default -> cpu.mmu.spaces.flushNonGlobal();
        }
        cpu.blockEnd = 0;
    }

    private static void hypercall(Cpu cpu, Insn insn) {
        if (!cpu.environment.takesHypercalls()) {
            throw cpu.ud();
        }
        cpu.exits.ask(CpuExit.HYPERCALL);
    }

    /// RDRAND and RDSEED always succeed.
    private static void random(Cpu cpu, Insn insn) {
        cpu.write(insn, 0, cpu.randomness.next());
        cpu.arithmeticFlags(Flags.CF);
    }
}
