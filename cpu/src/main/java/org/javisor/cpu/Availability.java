// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.ControlBits.CR0_EM;
import static org.javisor.cpu.ControlBits.CR0_MP;
import static org.javisor.cpu.ControlBits.CR0_NE;
import static org.javisor.cpu.ControlBits.CR0_TS;

import org.javisor.host.HostMemory;

/// Whether x87, MMX, SSE and AVX instructions may execute: what each of them checks first.
///
/// @sdm vol. 3A §2.5 "Control Registers", §13.1 "Providing Operating System Support for SSE Extensions"
final class Availability {
    /// FSW.ES: an unmasked x87 exception waits for the next x87 or MMX instruction.
    private static final int PENDING = 0x80;

    private Availability() { }

    /// For x87 instructions that wait: all but FNINIT, FNCLEX, FNSTCW, FNSTSW, FNSTENV and FNSAVE.
    ///
    /// @throws GuestFault #NM when CR0 does not let x87 instructions execute, #MF for a pending x87 exception
    static void checkX87(Cpu cpu) {
        checkX87NoWait(cpu);
        checkPendingX87(cpu);
    }

    /// For x87 control instructions that do not wait.
    ///
    /// @throws GuestFault #NM when CR0 does not let x87 instructions execute
    static void checkX87NoWait(Cpu cpu) {
        if ((cpu.cr0 & (CR0_EM | CR0_TS)) != 0) {
            throw cpu.fault(GuestFault.NM);
        }
    }

    /// FWAIT.
    ///
    /// @throws GuestFault #NM with CR0.MP and TS, #MF for a pending x87 exception
    static void checkWait(Cpu cpu) {
        long trapped = CR0_MP | CR0_TS;
        if ((cpu.cr0 & trapped) == trapped) {
            throw cpu.fault(GuestFault.NM);
        }
        checkPendingX87(cpu);
    }

    /// @throws GuestFault #NM or #UD when CR0 does not let MMX instructions execute, #MF for a pending x87 exception
    static void checkMmx(Cpu cpu) {
        if ((cpu.cr0 & (CR0_EM | CR0_TS)) != 0) {
            throw cpu.fault((cpu.cr0 & CR0_EM) != 0 ? GuestFault.UD : GuestFault.NM);
        }
        checkPendingX87(cpu);
    }

    private static void checkPendingX87(Cpu cpu) {
        if ((HostMemory.loadShort(cpu.state + CpuLayout.FSW) & PENDING) != 0) {
            if ((cpu.cr0 & CR0_NE) != 0) {
                throw cpu.fault(GuestFault.MF);
            }
            cpu.environment.floatingPointError();
        }
    }

    /// @throws GuestFault #UD or #NM when CR0 and CR4 do not let SSE instructions execute
    static void checkSse(Cpu cpu) {
        boolean enabled = (cpu.cr4 & ControlBits.CR4_OSFXSR) != 0;
        if ((cpu.cr0 & (CR0_EM | CR0_TS)) != 0 || !enabled) {
            throw cpu.fault((cpu.cr0 & CR0_EM) != 0 || !enabled ? GuestFault.UD : GuestFault.NM);
        }
    }

    /// What an instruction on XMM or YMM registers needs: with a VEX prefix another than without.
    ///
    /// @throws GuestFault #UD or #NM when the control registers do not let it execute
    static void checkVector(Cpu cpu, Insn insn) {
        if (insn.vectorBytes == 0) {
            checkSse(cpu);
        } else {
            checkAvx(cpu);
        }
    }

    /// @throws GuestFault #UD unless XCR0 enables SSE and AVX state, #NM for CR0.TS
    static void checkAvx(Cpu cpu) {
        boolean enabled = avxEnabled(cpu);
        if (!enabled || (cpu.cr0 & CR0_TS) != 0) {
            throw cpu.fault(enabled ? GuestFault.NM : GuestFault.UD);
        }
    }

    /// Whether CR4 and XCR0 enable SSE and AVX state.
    static boolean avxEnabled(Cpu cpu) {
        return (cpu.cr4 & ControlBits.CR4_OSXSAVE) != 0
                && (cpu.system.xcr0 & XsaveLayout.VECTOR_STATE) == XsaveLayout.VECTOR_STATE;
    }

    /// Whether unmasked SIMD floating-point exceptions are #XM (CR4.OSXMMEXCPT), not #UD.
    static boolean simdExceptionsEnabled(Cpu cpu) {
        return (cpu.cr4 & ControlBits.CR4_OSXMMEXCPT) != 0;
    }
}
