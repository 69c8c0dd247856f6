// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import org.javisor.cpu.Cpu;
import org.javisor.cpu.CpuExit;
import org.javisor.vmm.MsrExitReason;
import org.javisor.vmm.VmExit;

/// What a software processor's exits are to who runs its vCPU.
final class SoftwareExits {
    private static final MsrExitReason[] REASONS = MsrExitReason.values();

    private SoftwareExits() { }

    /// @param exit of [CpuExit], one that the vCPU does not see to itself
    /// @param rip  where the processor is
    static VmExit of(Cpu cpu, int exit, long rip) {
        return switch (exit) {
            case CpuExit.SHUTDOWN -> new VmExit.Shutdown(rip);
            case CpuExit.PORT_READ -> new VmExit.PortRead((int) cpu.exitAddress(), cpu.exitBytes());
            case CpuExit.PORT_WRITE ->
                    new VmExit.PortWrite((int) cpu.exitAddress(), cpu.exitBytes(), (int) cpu.exitValue());
            case CpuExit.MMIO_READ -> new VmExit.MmioRead(cpu.exitAddress(), cpu.exitBytes());
            case CpuExit.MMIO_WRITE -> new VmExit.MmioWrite(cpu.exitAddress(), cpu.exitBytes(), cpu.exitValue());
            case CpuExit.MSR_READ -> new VmExit.MsrRead((int) cpu.exitAddress(), REASONS[cpu.exitBytes()]);
            case CpuExit.MSR_WRITE ->
                    new VmExit.MsrWrite((int) cpu.exitAddress(), cpu.exitValue(), REASONS[cpu.exitBytes()]);
            case CpuExit.INTERRUPT_WINDOW -> VmExit.InterruptWindow.INSTANCE;
            case CpuExit.BUS_LOCK -> VmExit.BusLock.INSTANCE;
            case CpuExit.DEBUG -> SoftwareDebug.exit(cpu.outsideDebug(), rip);
            default -> new VmExit.InternalError(rip, cpu.failure());
        };
    }
}
