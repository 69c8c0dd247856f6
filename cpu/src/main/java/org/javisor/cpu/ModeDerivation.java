// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;
import org.javisor.isa.Instruction;

/// The mode of a processor, and what follows from it: how code is decoded, which checks are made, which TLB is used.
final class ModeDerivation {
    private final Cpu cpu;
    private final long state;
    private final Segments segments;

    ModeDerivation(Cpu cpu) {
        this.cpu = cpu;
        this.state = cpu.state;
        this.segments = cpu.segments;
    }

    /// Derives everything that depends on control registers, CPL, RFLAGS and segments. To be called after any change
    /// of these (but for DF, IOPL, NT, RF and ID); ends the current block.
    void changed() {
        cpu.mode = currentMode();
        // Real mode keeps the size that protected mode left in CS.
        cpu.codeBits = cpu.mode == ExecutionMode.LONG ? 64
                : (segments.attributes[Instruction.CS] & Segments.D) != 0 ? 32 : 16;
        decodeModeChanged();
        cpu.attention.interruptibilityChanged();
        steppingChanged();
        boolean counted = cpu.monitor.counting && !cpu.group.countsInHostCode();
        cpu.slow = counted ? cpu.slow | Cpu.SLOW_COUNTED : cpu.slow & ~Cpu.SLOW_COUNTED;
        segments.refresh();
        cpu.mmu.refresh();
        HostMemory.storeLong(state + CpuLayout.CR0, cpu.cr0);
        HostMemory.storeLong(state + CpuLayout.CR3, cpu.cr3);
        HostMemory.storeLong(state + CpuLayout.CR4, cpu.cr4);
        cpu.blockEnd = 0;
    }

    /// The part of [#changed] that a transfer needs which IA-32e mode makes: CS, SS, the selectors of others, CPL
    /// and RFLAGS have changed.
    void transferred() {
        if (cpu.mode != ExecutionMode.LONG || (segments.attributes[Instruction.CS] & Segments.L) == 0) {
            changed();
            return;
        }
        decodeModeChanged();
        cpu.attention.interruptibilityChanged();
        steppingChanged();
        segments.refreshSelectors();
        cpu.mmu.refreshPrivilege();
        cpu.blockEnd = 0;
    }

    private void steppingChanged() {
        boolean stepping = (cpu.systemFlags() & (Flags.TF | Flags.RF)) != 0 || cpu.debug.stepping;
        cpu.slow = cpu.slow & ~(Cpu.SLOW_STEP | Cpu.SLOW_BRANCH) | (stepping ? Cpu.SLOW_STEP : 0)
                | (cpu.enforcement.waits() ? Cpu.SLOW_BRANCH : 0);
    }

    /// The part of [#changed] that 32-bit code needs when a segment has changed: it may be flat no more, or again.
    void segmentsChanged() {
        int before = cpu.decodeMode;
        if (cpu.codeBits == 32) {
            decodeModeChanged();
        }
        if (cpu.decodeMode != before) {
            cpu.mmu.refresh();
            cpu.blockEnd = 0;
        }
    }

    private void decodeModeChanged() {
        boolean eightySixStyle = cpu.mode.eightySixStyle();
        boolean flat = cpu.codeBits == 32 && !eightySixStyle && segments.areFlat();
        cpu.decodeMode = cpu.codeBits | (eightySixStyle ? InstructionDecoder.EIGHTY_SIX_STYLE : 0)
                | (flat ? InstructionDecoder.FLAT : 0)
                | ((cpu.codeBits == 64 || flat) && cpu.cpl == 0 ? InstructionDecoder.SUPERVISOR : 0)
                | ((cpu.codeBits == 64 || flat) && cpu.monitor.counting && cpu.group.countsInHostCode()
                        ? InstructionDecoder.COUNTED : 0)
                | cpu.enforcement.decodeMode();
    }

    /// Follows what translated code has changed that is not in the block, or derived from it: CPL and segments by
    /// SYSCALL, SYSRET, INT and IRET in 64-bit mode, the bases of FS and GS, AC.
    void followHostCode() {
        if (HostMemory.loadLong(state + CpuLayout.TRANSFER) != 0) {
            int transfer = HostMemory.loadInt(state + CpuLayout.TRANSFER);
            HostMemory.storeLong(state + CpuLayout.TRANSFER, 0);
            segments.followBases();
            if (transfer != 0) {
                switch (transfer) {
                    case CpuLayout.TRANSFER_IRET_TO_USER -> cpu.returns.follow(true);
                    case CpuLayout.TRANSFER_IRET_TO_KERNEL -> cpu.returns.follow(false);
                    case CpuLayout.TRANSFER_INT_FROM_USER -> cpu.gates.follow(false);
                    case CpuLayout.TRANSFER_FAULT_FROM_USER -> cpu.gates.follow(true);
                    default -> FastSystemCalls.follow(cpu, transfer == CpuLayout.TRANSFER_SYSCALL);
                }
                decodeModeChanged();
            }
            cpu.mmu.refreshPrivilege();
        }
    }

    private ExecutionMode currentMode() {
        if ((cpu.cr0 & ControlBits.CR0_PE) == 0) {
            return ExecutionMode.REAL;
        }
        if ((cpu.efer & ControlBits.EFER_LMA) != 0) {
            return (segments.attributes[Instruction.CS] & Segments.L) != 0
                    ? ExecutionMode.LONG : ExecutionMode.COMPATIBILITY;
        }
        return (cpu.systemFlags() & Flags.VM) != 0 ? ExecutionMode.VIRTUAL_8086 : ExecutionMode.PROTECTED;
    }
}
