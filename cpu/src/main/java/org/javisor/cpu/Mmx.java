// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.MEM;

import org.javisor.host.HostMemory;

/// The MMX registers, which are the low 8 bytes of the x87 registers.
///
/// @sdm vol. 1 §9.5 "Compatibility with x87 FPU Architecture"
final class Mmx {
    private static final int TOP = 7 << 11;

    private Mmx() { }

    /// What every MMX instruction but EMMS does to the x87 state: TOP is 0 and all registers are in use.
    static void enter(Cpu cpu) {
        long fsw = cpu.state + CpuLayout.FSW;
        HostMemory.storeShort(fsw, (short) (HostMemory.loadShort(fsw) & ~TOP));
        HostMemory.storeShort(cpu.state + CpuLayout.FTW, (short) 0);
    }

    /// Writes the register at `at` in the processor's block. Sign and exponent become all ones.
    static void write(Cpu cpu, int at, long value) {
        enter(cpu);
        HostMemory.storeLong(cpu.state + at, value);
        HostMemory.storeShort(cpu.state + at + 8, (short) -1);
    }

    /// Operand 1: a register or memory of the operand's size.
    static long source(Cpu cpu, Insn insn) {
        return insn.kind1 == MEM
                ? cpu.load(insn.segment, cpu.effectiveAddress(insn), insn.bytes1)
                : HostMemory.loadLong(cpu.state + insn.at1);
    }

    /// EMMS: marks all registers empty, with TOP at 0.
    ///
    /// @sdm vol. 3A §13.2 "The MMX State and MMX Register Aliasing", Table 13-2
    static void emms(Cpu cpu, Insn insn) {
        Availability.checkMmx(cpu);
        enter(cpu);
        HostMemory.storeShort(cpu.state + CpuLayout.FTW, (short) -1);
    }
}
