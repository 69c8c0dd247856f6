// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.FS;
import static org.javisor.isa.Instruction.GS;

import java.util.function.LongConsumer;
import java.util.function.LongPredicate;
import java.util.function.LongSupplier;

/// The processor's own model-specific registers, with what each accepts.
///
/// @sdm vol. 4 §2.1 "Architectural MSRs"
final class Msrs {
    static final int SMI_COUNT = 0x34, SMBASE = 0x9e;
    static final int TSC = 0x10, PLATFORM_ID = 0x17, APIC_BASE = 0x1b, FEAT_CTL = 0x3a, TSC_ADJUST = 0x3b,
            SPEC_CTRL = 0x48, PRED_CMD = 0x49, BIOS_SIGN_ID = 0x8b, PLATFORM_INFO = 0xce,
            ARCH_CAPABILITIES = 0x10a, FLUSH_CMD = 0x10b, SYSENTER_CS = 0x174, SYSENTER_ESP = 0x175,
            SYSENTER_EIP = 0x176, MCG_CAP = 0x179, MCG_STATUS = 0x17a, MCG_CTL = 0x17b, MISC_ENABLE = 0x1a0,
            DEBUGCTL = 0x1d9, PAT = 0x277, MC0_CTL2 = 0x280, MC0_CTL = 0x400, U_CET = 0x6a0, S_CET = 0x6a2,
            PL0_SSP = 0x6a4, INTERRUPT_SSP_TABLE = 0x6a8, PERFCTR0 = 0xc1,
            PERFEVTSEL0 = 0x186, FIXED_CTR0 = 0x309, PERF_CAPABILITIES = 0x345, FIXED_CTR_CTRL = 0x38d,
            PERF_GLOBAL_STATUS = 0x38e, PERF_GLOBAL_CTRL = 0x38f, PERF_GLOBAL_OVF_CTRL = 0x390, PMC0 = 0x4c1,
            PKRS = 0x6e1, XSS = 0xda0, EFER = 0xc000_0080,
            STAR = 0xc000_0081, LSTAR = 0xc000_0082, CSTAR = 0xc000_0083, FMASK = 0xc000_0084,
            FS_BASE = 0xc000_0100, GS_BASE = 0xc000_0101, KERNEL_GS_BASE = 0xc000_0102, TSC_AUX = 0xc000_0103,
            AMD_COUNTERS = 0xc001_0000;

    private static final long MICROCODE_REVISION = 1L << 32;
    private static final long FEAT_CTL_LOCKED = 1;
    /// Fast strings; branch trace storage and precise event sampling unavailable.
    private static final long MISC_ENABLE_DEFAULT = 1 | 1 << 11 | 1 << 12;
    private static final long MISC_ENABLE_MONITORING = 1 << 7;
    /// Fast strings, thermal control, SpeedStep, MONITOR, xTPR messages, and the two that change CPUID.
    private static final long MISC_ENABLE_WRITABLE = 1 | 1 << 3 | 1 << 16 | 1 << 18 | 1 << 23
            | MiscEnable.LIMIT_CPUID | MiscEnable.EXECUTE_DISABLE_OFF;
    /// Single steps on branches. There are no branch records, whose bit would be 0.
    private static final long DEBUGCTL_BTF = 1 << 1, DEBUGCTL_FREEZE_PERFMON_ON_PMI = 1 << 12;

    /// Not affected by: rogue data cache load, L1 terminal fault, speculative store bypass,
    /// microarchitectural data sampling, machine check on page size change, asynchronous abort, the stale
    /// data of MMIO, branch history injection, post-barrier returns, gather data sampling, register file
    /// sampling, indirect target selection. IBRS protects all the time.
    private static final long ARCH_CAPABILITIES_VALUE = 1 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6
            | 1 << 8 | 1 << 13 | 1 << 14 | 1 << 15 | 1 << 20 | 1 << 24 | 1 << 26 | 1 << 27 | 1L << 62;

    private final Cpu cpu;
    private final MsrTable table;
    private final MemoryTypes memoryTypes;
    private long apicBase;
    private long microcode;
    private long miscEnable;

    Msrs(Cpu cpu) {
        this.cpu = cpu;
        this.table = cpu.msrs;
        this.memoryTypes = new MemoryTypes(cpu.cpuid.physicalAddressBits());
        defineSystemCalls();
        defineTime();
        definePlatform();
        defineSpeculation();
        if (cpu.cpuid.has(CpuFeature.MCA)) {
            cpu.machineCheck.define(table);
        }
        defineEnforcement();
        if (cpu.cpuid.vendor() == CpuVendor.AMD) {
            defineAmdCounters();
        }
        if (cpu.cpuid.has(CpuFeature.PDCM)) {
            cpu.monitor.define(table);
        }
        memoryTypes.define(table);
        reset();
    }

    void reset() {
        apicBase = SystemRegisters.APIC_BASE | SystemRegisters.APIC_BASE_ENABLE
                | (cpu.id == 0 ? SystemRegisters.APIC_BASE_BSP : 0);
        cpu.machineCheck.reset();
        microcode = MICROCODE_REVISION;
        miscEnable = miscEnableDefault();
        memoryTypes.reset();
    }

    private static LongPredicate always(LongConsumer consumer) {
        return value -> {
            consumer.accept(value);
            return true;
        };
    }

    private LongPredicate canonical(LongConsumer consumer) {
        return value -> {
            if (!cpu.system.canonicalBase(value)) {
                return false;
            }
            consumer.accept(value);
            return true;
        };
    }

    private static LongPredicate within(long mask, LongConsumer consumer) {
        return value -> {
            if ((value & ~mask) != 0) {
                return false;
            }
            consumer.accept(value);
            return true;
        };
    }

    /// Defines a register unless the processor lacks the feature it belongs to.
    private void define(CpuFeature feature, int index, LongSupplier reader, LongPredicate writer) {
        if (cpu.cpuid.has(feature)) {
            table.define(index, reader, writer);
        }
    }

    private void defineSystemCalls() {
        SystemRegisters system = cpu.system;
        define(CpuFeature.LONG_MODE, EFER, () -> cpu.efer, cpu.control::writeEfer);
        define(CpuFeature.SYSCALL, STAR, () -> system.star, always(v -> {
            system.star = v;
            system.publishCalls();
        }));
        define(CpuFeature.SYSCALL, LSTAR, () -> system.lstar, canonical(v -> {
            system.lstar = v;
            system.publishCalls();
        }));
        define(CpuFeature.SYSCALL, CSTAR, () -> system.cstar, canonical(v -> system.cstar = v));
        define(CpuFeature.SYSCALL, FMASK, () -> system.fmask, within(0xffff_ffffL, v -> {
            system.fmask = v;
            system.publishCalls();
        }));
        define(CpuFeature.LONG_MODE, FS_BASE, () -> cpu.segments.base[FS],
                canonical(v -> system.base(FS, v)));
        define(CpuFeature.LONG_MODE, GS_BASE, () -> cpu.segments.base[GS],
                canonical(v -> system.base(GS, v)));
        define(CpuFeature.LONG_MODE, KERNEL_GS_BASE, system::kernelGsBase,
                canonical(system::kernelGsBase));
        define(CpuFeature.SEP, SYSENTER_CS, () -> system.sysenterCs, always(v -> system.sysenterCs = v));
        define(CpuFeature.SEP, SYSENTER_ESP, () -> system.sysenterEsp,
                canonical(v -> system.sysenterEsp = v));
        define(CpuFeature.SEP, SYSENTER_EIP, () -> system.sysenterEip,
                canonical(v -> system.sysenterEip = v));
        define(CpuFeature.XSAVES, XSS, () -> system.xss,
                within(cpu.cpuid.xssSupported(), v -> system.xss = v));
        define(CpuFeature.PKS, PKRS, () -> Integer.toUnsignedLong(cpu.keys.supervisor()),
                within(0xffff_ffffL, v -> cpu.keys.supervisor((int) v)));
    }

    private void defineTime() {
        TimeStampCounter tsc = cpu.tsc;
        define(CpuFeature.TSC, TSC, tsc::value, always(tsc::value));
        define(CpuFeature.TSC_ADJUST, TSC_ADJUST, tsc::adjust, always(tsc::adjust));
        if (table.knows(TSC)) {
            table.restoredBy(TSC, always(tsc::restore));
        }
        if (table.knows(TSC_ADJUST)) {
            table.restoredBy(TSC_ADJUST, always(tsc::restoreAdjust));
        }
        define(CpuFeature.RDTSCP, TSC_AUX, tsc::aux, within(0xffff_ffffL, tsc::aux));
    }

    private void definePlatform() {
        table.define(PLATFORM_ID, () -> 0, MsrTable.READ_ONLY);
        table.define(APIC_BASE, () -> apicBase, this::writeApicBase);
        table.define(FEAT_CTL, () -> FEAT_CTL_LOCKED, MsrTable.READ_ONLY);
        table.define(BIOS_SIGN_ID, () -> microcode, always(v -> microcode = v));
        // Ratios to the 100 MHz bus clock: 1 GHz is the highest without turbo, and the least.
        table.define(PLATFORM_INFO, () -> 10L << 40 | 10 << 8, MsrTable.READ_ONLY);
        table.define(MISC_ENABLE, () -> miscEnable, this::writeMiscEnable);
        table.define(SMI_COUNT, () -> cpu.management.entries() & 0xffff_ffffL, MsrTable.READ_ONLY);
        table.define(DEBUGCTL, () -> (cpu.debug.stepsOnBranches ? DEBUGCTL_BTF : 0)
                | (cpu.monitor.freezes ? DEBUGCTL_FREEZE_PERFMON_ON_PMI : 0), within(DEBUGCTL_BTF
                | (cpu.cpuid.has(CpuFeature.PDCM) ? DEBUGCTL_FREEZE_PERFMON_ON_PMI : 0), this::writeDebugControl));
    }

    private void writeDebugControl(long value) {
        cpu.debug.stepsOnBranches = (value & DEBUGCTL_BTF) != 0;
        cpu.monitor.freezes = (value & DEBUGCTL_FREEZE_PERFMON_ON_PMI) != 0;
    }

    /// CPUID loads the microcode's revision into IA32_BIOS_SIGN_ID.
    void cpuidExecuted() {
        microcode = MICROCODE_REVISION;
    }

    /// Without a local APIC the register only remembers; an APIC replaces this row.
    private boolean writeApicBase(long value) {
        long allowed = SystemRegisters.APIC_BASE_BSP | SystemRegisters.APIC_BASE_ENABLE
                | (1L << cpu.cpuid.physicalAddressBits()) - 4096;
        if ((value & ~allowed) != 0) {
            return false;
        }
        apicBase = value;
        return true;
    }

    private long miscEnableDefault() {
        return MISC_ENABLE_DEFAULT | (cpu.cpuid.has(CpuFeature.PDCM) ? MISC_ENABLE_MONITORING : 0);
    }

    /// What is unavailable stays so, and nothing else is there.
    private boolean writeMiscEnable(long value) {
        if (((value ^ miscEnableDefault()) & ~MISC_ENABLE_WRITABLE) != 0) {
            return false;
        }
        miscEnable = value;
        return true;
    }

    /// Bits of IA32_MISC_ENABLE that CPUID follows.
    static final class MiscEnable {
        /// CPUID has no leaves beyond 2.
        static final long LIMIT_CPUID = 1 << 22;
        /// CPUID does not announce NX.
        static final long EXECUTE_DISABLE_OFF = 1L << 34;

        private MiscEnable() { }
    }

    boolean miscEnabled(long bit) {
        return (miscEnable & bit) != 0;
    }

    private void defineSpeculation() {
        SystemRegisters system = cpu.system;
        long controls = 1 | (cpu.cpuid.has(CpuFeature.STIBP) ? 1 << 1 : 0)
                | (cpu.cpuid.has(CpuFeature.SSBD) ? 1 << 2 : 0)
                | (cpu.cpuid.has(CpuFeature.BHI_CTRL) ? 1 << 10 : 0);
        define(CpuFeature.SPEC_CTRL, SPEC_CTRL, () -> system.specCtrl,
                within(controls, v -> system.specCtrl = v));
        define(CpuFeature.SPEC_CTRL, PRED_CMD, null, within(1, _ -> cpu.monitor.branchMissed()));
        define(CpuFeature.FLUSH_L1D, FLUSH_CMD, null, within(1, _ -> { }));
        define(CpuFeature.ARCH_CAPABILITIES, ARCH_CAPABILITIES, () -> ARCH_CAPABILITIES_VALUE,
                MsrTable.READ_ONLY);
    }

    private void defineEnforcement() {
        if (cpu.cpuid.has(CpuFeature.CET_SS) || cpu.cpuid.has(CpuFeature.CET_IBT)) {
            table.define(U_CET, cpu.enforcement::user, cpu.enforcement::user);
            table.define(S_CET, cpu.enforcement::supervisor, cpu.enforcement::supervisor);
        }
        for (int n = 0; n < 4; n++) {
            int level = n;
            define(CpuFeature.CET_SS, PL0_SSP + level, () -> cpu.shadowStack.pointer(level),
                    value -> cpu.shadowStack.pointer(level, value));
        }
        define(CpuFeature.CET_SS, INTERRUPT_SSP_TABLE, cpu.shadowStack::interruptTable,
                cpu.shadowStack::interruptTable);
    }

    /// AMD's four performance counters, which no CPUID bit announces, with their event selectors first. They
    /// stand still.
    private void defineAmdCounters() {
        long[] counters = new long[8];
        for (int n = 0; n < counters.length; n++) {
            int index = n;
            table.define(AMD_COUNTERS + n, () -> counters[index], always(v -> counters[index] = v));
        }
    }
}
