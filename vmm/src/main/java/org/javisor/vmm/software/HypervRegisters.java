// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import org.javisor.cpu.Cpu;
import org.javisor.memory.GuestMemory;
import org.javisor.vmm.Registers;
import org.javisor.vmm.pv.HvCall;

/// The registers in which a software processor makes Hyper-V's calls: RCX, RDX and R8 in 64-bit mode, where the result
/// is in RAX; pairs of registers else, with the result in EDX:EAX.
///
/// @hyperv "Hypercall Inputs", "Hypercall Outputs"
final class HypervRegisters implements HvCall {
    private static final int R8 = 8;
    private static final long LOW = 0xffff_ffffL;

    private final GuestMemory memory;
    private final Cpu cpu;
    private final Registers registers;

    HypervRegisters(GuestMemory memory, Cpu cpu, Registers registers) {
        this.memory = memory;
        this.cpu = cpu;
        this.registers = registers;
    }

    @Override
    public GuestMemory memory() {
        return memory;
    }

    @Override
    public long control() {
        return cpu.in64BitMode() ? registers.general(Registers.RCX) : pair(Registers.RDX, Registers.RAX);
    }

    @Override
    public long input() {
        return cpu.in64BitMode() ? registers.general(Registers.RDX) : pair(Registers.RBX, Registers.RCX);
    }

    @Override
    public long output() {
        return cpu.in64BitMode() ? registers.general(R8) : pair(Registers.RDI, Registers.RSI);
    }

    @Override
    public long xmm(int half) {
        return registers.vector(half / 2, half % 2);
    }

    private long pair(int high, int low) {
        return registers.general(high) << 32 | registers.general(low) & LOW;
    }

    void result(long value) {
        if (cpu.in64BitMode()) {
            registers.general(Registers.RAX, value);
        } else {
            registers.general(Registers.RDX, value >>> 32);
            registers.general(Registers.RAX, value & LOW);
        }
    }
}
