// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.FS;
import static org.javisor.isa.Instruction.GS;

import org.javisor.host.HostMemory;

/// What RDMSR, WRMSR, XGETBV and XSETBV reach and instructions use: the registers behind fast system calls,
/// extended state.
///
/// @sdm vol. 4 §2.1 "Architectural MSRs"
final class SystemRegisters implements CpuidModel.State {
    /// IA32_APIC_BASE: where the local APIC is, and its bits.
    static final long APIC_BASE = 0xfee0_0000L, APIC_BASE_BSP = 1 << 8, APIC_BASE_X2APIC = 1 << 10,
            APIC_BASE_ENABLE = 1 << 11;

    /// Translated code leaves SYSCALL to the interpreter unless it clears these.
    private static final int HOST_CALL_FLAGS = Flags.TF | Flags.IF | Flags.AC;
    /// Not canonical.
    private static final long NOWHERE = Long.MIN_VALUE;

    private final Cpu cpu;

    long star, lstar, cstar, fmask;
    long sysenterCs, sysenterEsp, sysenterEip;
    long xcr0 = XsaveLayout.X87;
    long xss;
    long specCtrl;

    SystemRegisters(Cpu cpu) {
        this.cpu = cpu;
    }

    /// Sets FS.base, or another segment's, without touching its selector.
    void base(int segment, long base) {
        cpu.segments.base[segment] = base;
        cpu.segments.refresh();
    }

    /// Whether a register that holds a linear address takes `address`. For these it is the width that the
    /// processor has that counts, not that of the paging mode.
    ///
    /// @sdm vol. 1 §3.3.7.1 "Canonical Addressing"
    boolean canonicalBase(long address) {
        int unused = Long.SIZE - cpu.cpuid.linearAddressBits();
        return address << unused >> unused == address;
    }

    long kernelGsBase() {
        return HostMemory.loadLong(cpu.state + CpuLayout.KERNEL_GS_BASE);
    }

    void kernelGsBase(long base) {
        HostMemory.storeLong(cpu.state + CpuLayout.KERNEL_GS_BASE, base);
    }

    /// Tells translated code what it needs for SYSCALL and SYSRET. To be called after a change of [#star], [#lstar],
    /// [#fmask] or EFER.
    void publishCalls() {
        boolean enabled = (cpu.efer & ControlBits.EFER_SCE) != 0;
        boolean enforced = cpu.enforcement.inUse();
        boolean callable = enabled && !enforced && (fmask & HOST_CALL_FLAGS) == HOST_CALL_FLAGS
                && cpu.mmu.spaces.kernelIs64Bit();
        HostMemory.storeLong(cpu.state + CpuLayout.SYSCALL_TARGET, callable ? lstar : NOWHERE);
        HostMemory.storeInt(cpu.state + CpuLayout.SYSCALL_FLAGS, (int) ~fmask);
        HostMemory.storeInt(cpu.state + CpuLayout.SYSRET_USABLE,
                enabled && !enforced && cpu.mmu.spaces.programIs64Bit() ? 1 : 0);
        FastSystemCalls.publishSelectors(cpu);
    }

    void swapGs() {
        long base = cpu.segments.base[GS];
        base(GS, kernelGsBase());
        kernelGsBase(base);
    }

    /// Registers that RESET changes and INIT leaves alone.
    void reset() {
        star = lstar = cstar = fmask = 0;
        kernelGsBase(0);
        sysenterCs = sysenterEsp = sysenterEip = 0;
        cpu.tsc.reset();
        specCtrl = 0;
        xcr0 = XsaveLayout.X87;
        xss = 0;
        cpu.keys.reset();
        cpu.enforcement.reset();
        cpu.shadowStack.reset();
        cpu.segments.base[FS] = 0;
    }

    @Override
    public int apicId() {
        return cpu.id;
    }

    @Override
    public boolean apicEnabled() {
        return (cpu.msrs.peek(Msrs.APIC_BASE) & APIC_BASE_ENABLE) != 0;
    }

    @Override
    public boolean osXsave() {
        return (cpu.cr4 & ControlBits.CR4_OSXSAVE) != 0;
    }

    @Override
    public boolean osProtectionKeys() {
        return (cpu.cr4 & ControlBits.CR4_PKE) != 0;
    }

    @Override
    public int tscKhz() {
        return cpu.tsc.khz();
    }

    @Override
    public long xcr0() {
        return xcr0;
    }

    @Override
    public long xss() {
        return xss;
    }

    @Override
    public boolean in64BitMode() {
        return cpu.mode == ExecutionMode.LONG;
    }

    @Override
    public boolean leavesLimited() {
        return cpu.modelSpecific.miscEnabled(Msrs.MiscEnable.LIMIT_CPUID);
    }

    @Override
    public boolean executeDisableOff() {
        return cpu.modelSpecific.miscEnabled(Msrs.MiscEnable.EXECUTE_DISABLE_OFF);
    }
}
