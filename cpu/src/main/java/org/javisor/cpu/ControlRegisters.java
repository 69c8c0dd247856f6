// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;

/// Writes of CR0, CR3, CR4, CR8 and IA32_EFER, with all that is checked and all that follows.
///
/// @sdm vol. 3A §2.5 "Control Registers", §10.8.5 "Initializing IA-32e Mode"
final class ControlRegisters {
    /// What CR0 has; the other low bits are ignored.
    private static final long CR0_BITS = ControlBits.CR0_PE | ControlBits.CR0_MP | ControlBits.CR0_EM
            | ControlBits.CR0_TS | ControlBits.CR0_ET | ControlBits.CR0_NE | ControlBits.CR0_WP
            | ControlBits.CR0_AM
            | ControlBits.CR0_NW | ControlBits.CR0_CD | ControlBits.CR0_PG;
    /// A change of one of these drops all translations.
    private static final long CR0_FLUSHING = ControlBits.CR0_PG | ControlBits.CR0_WP | ControlBits.CR0_PE;
    private static final long CR4_FLUSHING = ControlBits.CR4_PSE | ControlBits.CR4_PAE | ControlBits.CR4_PGE
            | ControlBits.CR4_LA57 | ControlBits.CR4_PCIDE | ControlBits.CR4_SMEP | ControlBits.CR4_SMAP
            | ControlBits.CR4_PKE | ControlBits.CR4_PKS;
    /// A change of one of these has the PDPTEs of PAE paging loaded anew.
    private static final long CR0_PDPTE = ControlBits.CR0_PG | ControlBits.CR0_CD | ControlBits.CR0_NW;
    private static final long CR4_PDPTE = ControlBits.CR4_PSE | ControlBits.CR4_PAE | ControlBits.CR4_PGE
            | ControlBits.CR4_SMEP;
    private static final long CR3_NO_FLUSH = 1L << 63;

    private final Cpu cpu;
    private final long cr4Supported;
    private final long eferSupported;

    ControlRegisters(Cpu cpu) {
        this.cpu = cpu;
        this.cr4Supported = cr4Supported(cpu.cpuid);
        this.eferSupported = ControlBits.EFER_SCE | ControlBits.EFER_LME | ControlBits.EFER_LMA
                | (cpu.cpuid.has(CpuFeature.NX) ? ControlBits.EFER_NXE : 0);
    }

    private static long cr4Supported(CpuidModel cpuid) {
        long bits = ControlBits.CR4_PCE;
        bits |= cpuid.has(CpuFeature.VME) ? ControlBits.CR4_VME | ControlBits.CR4_PVI : 0;
        bits |= cpuid.has(CpuFeature.TSC) ? ControlBits.CR4_TSD : 0;
        bits |= cpuid.has(CpuFeature.DE) ? ControlBits.CR4_DE : 0;
        bits |= cpuid.has(CpuFeature.PSE) ? ControlBits.CR4_PSE : 0;
        bits |= cpuid.has(CpuFeature.PAE) ? ControlBits.CR4_PAE : 0;
        bits |= cpuid.has(CpuFeature.MCE) ? ControlBits.CR4_MCE : 0;
        bits |= cpuid.has(CpuFeature.PGE) ? ControlBits.CR4_PGE : 0;
        bits |= cpuid.has(CpuFeature.FXSR) ? ControlBits.CR4_OSFXSR : 0;
        bits |= cpuid.has(CpuFeature.SSE) ? ControlBits.CR4_OSXMMEXCPT : 0;
        bits |= cpuid.has(CpuFeature.UMIP) ? ControlBits.CR4_UMIP : 0;
        bits |= cpuid.has(CpuFeature.LA57) ? ControlBits.CR4_LA57 : 0;
        bits |= cpuid.has(CpuFeature.FSGSBASE) ? ControlBits.CR4_FSGSBASE : 0;
        bits |= cpuid.has(CpuFeature.PCID) ? ControlBits.CR4_PCIDE : 0;
        bits |= cpuid.has(CpuFeature.XSAVE) ? ControlBits.CR4_OSXSAVE : 0;
        bits |= cpuid.has(CpuFeature.SMEP) ? ControlBits.CR4_SMEP : 0;
        bits |= cpuid.has(CpuFeature.SMAP) ? ControlBits.CR4_SMAP : 0;
        bits |= cpuid.has(CpuFeature.PKU) ? ControlBits.CR4_PKE : 0;
        bits |= cpuid.has(CpuFeature.CET_SS) || cpuid.has(CpuFeature.CET_IBT) ? ControlBits.CR4_CET : 0;
        bits |= cpuid.has(CpuFeature.PKS) ? ControlBits.CR4_PKS : 0;
        bits |= cpuid.has(CpuFeature.LAM) ? ControlBits.CR4_LAM_SUP : 0;
        return bits;
    }

    // ---- all at once ----

    /// Why these do not make a state that the processor can have; null if they do.
    String conflict(long cr0, long cr3, long cr4, long efer) {
        boolean paging = (cr0 & ControlBits.CR0_PG) != 0;
        boolean longMode = (efer & ControlBits.EFER_LMA) != 0;
        if (cr0 >>> 32 != 0) {
            return String.format("cr0=0x%x has reserved bits", cr0);
        }
        if (paging && (cr0 & ControlBits.CR0_PE) == 0) {
            return String.format("cr0=0x%x has PG without PE", cr0);
        }
        if ((cr0 & (ControlBits.CR0_NW | ControlBits.CR0_CD)) == ControlBits.CR0_NW) {
            return String.format("cr0=0x%x has NW without CD", cr0);
        }
        if ((cr4 & ~cr4Supported) != 0) {
            return String.format("cr4=0x%x has bits 0x%x that the processor lacks", cr4, cr4 & ~cr4Supported);
        }
        if ((efer & ~eferSupported) != 0) {
            return String.format("efer=0x%x has bits 0x%x that the processor lacks", efer, efer & ~eferSupported);
        }
        if (longMode != (paging && (efer & ControlBits.EFER_LME) != 0)) {
            return String.format("efer=0x%x: LMA is not LME and CR0.PG", efer);
        }
        if (longMode && (cr4 & ControlBits.CR4_PAE) == 0) {
            return String.format("cr4=0x%x lacks PAE, which long mode needs", cr4);
        }
        if (!longMode && (cr4 & ControlBits.CR4_PCIDE) != 0) {
            return String.format("cr4=0x%x has PCIDE outside long mode", cr4);
        }
        if ((cr4 & ControlBits.CR4_CET) != 0 && (cr0 & ControlBits.CR0_WP) == 0) {
            return String.format("cr4=0x%x has CET without CR0.WP", cr4);
        }
        return longMode && (cr3 & cr3Reserved()) != 0 ? String.format("cr3=0x%x has reserved bits", cr3) : null;
    }

    /// In IA-32e mode.
    private long cr3Reserved() {
        long masks = cpu.cpuid.has(CpuFeature.LAM) ? ControlBits.CR3_LAM_U57 | ControlBits.CR3_LAM_U48 : 0;
        return -1L << cpu.cpuid.physicalAddressBits() & ~masks;
    }

    // ---- CR0 ----

    /// What CR0 is when `value` has been written to it.
    static long held(long value) {
        return value & CR0_BITS | ControlBits.CR0_ET;
    }

    void writeCr0(long value) {
        checkCr0(value);
        long next = held(value);
        long changed = cpu.cr0 ^ next;
        boolean toPaging = (changed & next & ControlBits.CR0_PG) != 0;
        boolean longMode = (cpu.efer & ControlBits.EFER_LME) != 0;
        if (toPaging && longMode) {
            checkEntryToLongMode();
        } else if (usesPdptes(next, cpu.cr4) && (changed & CR0_PDPTE) != 0) {
            cpu.mmu.loadPdptes(cpu.cr3);
        }
        cpu.cr0 = next;
        if (longMode && (changed & ControlBits.CR0_PG) != 0) {
            cpu.efer = toPaging ? cpu.efer | ControlBits.EFER_LMA : cpu.efer & ~ControlBits.EFER_LMA;
        }
        cpu.modeChanged();
        if ((changed & CR0_FLUSHING) != 0) {
            cpu.mmu.flush();
        }
    }

    private void checkCr0(long value) {
        boolean paging = (value & ControlBits.CR0_PG) != 0;
        boolean invalid = value >>> 32 != 0
                || paging && (value & ControlBits.CR0_PE) == 0
                || (value & (ControlBits.CR0_NW | ControlBits.CR0_CD)) == ControlBits.CR0_NW
                || (value & ControlBits.CR0_WP) == 0 && (cpu.cr4 & ControlBits.CR4_CET) != 0
                || !paging && (cpu.mode == ExecutionMode.LONG || (cpu.cr4 & ControlBits.CR4_PCIDE) != 0);
        if (invalid) {
            throw cpu.gp(0);
        }
    }

    /// CR0.PG is being set with EFER.LME.
    private void checkEntryToLongMode() {
        Segments segments = cpu.segments;
        boolean oldTask = (segments.attributes[Segments.TR] & Descriptor.WIDE) == 0;
        if ((cpu.cr4 & ControlBits.CR4_PAE) == 0 || (segments.attributes[CS] & Segments.L) != 0 || oldTask) {
            throw cpu.gp(0);
        }
    }

    /// PAE paging outside IA-32e mode.
    private boolean usesPdptes(long cr0, long cr4) {
        return (cr0 & ControlBits.CR0_PG) != 0 && (cr4 & ControlBits.CR4_PAE) != 0
                && (cpu.efer & ControlBits.EFER_LME) == 0;
    }

    /// LMSW: the low four bits; PE can be set but not cleared.
    void writeMachineStatusWord(int value) {
        long low = value & 0xf | cpu.cr0 & ControlBits.CR0_PE;
        writeCr0(cpu.cr0 & ~0xf | low);
    }

    void clearTaskSwitched() {
        cpu.cr0 &= ~ControlBits.CR0_TS;
        cpu.modeChanged();
    }

    // ---- CR3 ----

    void writeCr3(long value) {
        if (cpu.mode.ia32e()) {
            boolean tagged = (cpu.cr4 & ControlBits.CR4_PCIDE) != 0;
            if ((value & cr3Reserved() & ~(tagged ? CR3_NO_FLUSH : 0)) != 0) {
                throw cpu.gp(0);
            }
        }
        cpu.mmu.loadCr3(value);
        cpu.blockEnd = 0;
    }

    // ---- CR4 ----

    void writeCr4(long value) {
        checkCr4(value);
        long changed = cpu.cr4 ^ value;
        if (usesPdptes(cpu.cr0, value) && (changed & CR4_PDPTE) != 0) {
            cpu.mmu.loadPdptes(cpu.cr3);
        }
        cpu.cr4 = value;
        if ((changed & ControlBits.CR4_CET) != 0) {
            cpu.mmu.spaces.forgetCode();
        }
        cpu.debug.derive();
        cpu.modeChanged();
        if ((changed & CR4_FLUSHING) != 0) {
            cpu.mmu.flush();
        }
    }

    private void checkCr4(long value) {
        boolean ia32e = (cpu.efer & ControlBits.EFER_LMA) != 0;
        long changed = cpu.cr4 ^ value;
        boolean enablesPcid = (changed & value & ControlBits.CR4_PCIDE) != 0;
        boolean invalid = (value & ~cr4Supported) != 0
                || ia32e && ((value & ControlBits.CR4_PAE) == 0 || (changed & ControlBits.CR4_LA57) != 0)
                || (value & ControlBits.CR4_CET) != 0 && (cpu.cr0 & ControlBits.CR0_WP) == 0
                || enablesPcid && (!ia32e || (cpu.cr3 & 0xfff) != 0);
        if (invalid) {
            throw cpu.gp(0);
        }
    }

    // ---- CR8 ----

    long readCr8() {
        return cpu.environment.interruptController().taskPriority();
    }

    void writeCr8(long value) {
        if (value >>> 4 != 0) {
            throw cpu.gp(0);
        }
        cpu.environment.interruptController().taskPriority((int) value);
        cpu.blockEnd = 0;
    }

    // ---- IA32_EFER ----

    /// @return whether the value is one that the register takes now
    boolean writeEfer(long value) {
        boolean paging = (cpu.cr0 & ControlBits.CR0_PG) != 0;
        if ((value & ~eferSupported) != 0 || paging && ((value ^ cpu.efer) & ControlBits.EFER_LME) != 0) {
            return false;
        }
        long changed = value ^ cpu.efer;
        cpu.efer = value & ~ControlBits.EFER_LMA | cpu.efer & ControlBits.EFER_LMA;
        cpu.modeChanged();
        if ((changed & ControlBits.EFER_NXE) != 0) {
            cpu.mmu.flush();
        }
        return true;
    }
}
