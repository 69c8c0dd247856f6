// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;

/// Interrupts through the vector table of the 8086: in real mode, and those of INT n in virtual-8086 mode
/// that the redirection bitmap leaves to the 8086 program.
///
/// @sdm vol. 3B §21.1.4 "Interrupt and Exception Handling", §21.3.3 "Class 3—Software Interrupt Handling in
///     Virtual-8086 Mode"
final class RealModeEntry {
    private final Cpu cpu;

    RealModeEntry(Cpu cpu) {
        this.cpu = cpu;
    }

    /// Enters the handler of `vector` in real mode.
    void enter(int vector, long flags) {
        if (4 * vector + 3 > cpu.tables.idtLimit) {
            throw cpu.gp(vector * 8 + 2);
        }
        long pointer = cpu.mmu.loadSystem(cpu.tables.linear(cpu.tables.idtBase + 4L * vector), 4);
        push(flags);
        cpu.segmentLoader.loadReal(CS, (int) (pointer >>> 16));
        finish(pointer, Flags.IF);
    }

    /// Enters the 8086 program's own handler, from virtual-8086 mode with CR4.VME. With IOPL below 3 the
    /// program sees and loses VIF in the place of IF.
    void enterVirtual(int vector) {
        long pointer = cpu.mmu.loadSystem(4L * vector, 4);
        long flags = cpu.rflags();
        boolean virtual = (flags & Flags.IOPL) != Flags.IOPL;
        if (virtual) {
            flags = flags & ~Flags.IF | Flags.IOPL | ((flags & Flags.VIF) != 0 ? Flags.IF : 0);
        }
        push(flags);
        cpu.segmentLoader.loadVirtual8086(CS, (int) (pointer >>> 16));
        finish(pointer, virtual ? Flags.VIF : Flags.IF);
    }

    private void push(long flags) {
        StackFrame frame = cpu.frame;
        frame.onCurrentStack(2);
        frame.push(flags).push(cpu.segments.selector[CS]).push(cpu.rip()).write();
        cpu.reg64(CpuLayout.RSP, frame.pointer());
    }

    private void finish(long pointer, int interruptFlag) {
        cpu.rip(pointer & 0xffff);
        cpu.systemFlags(cpu.systemFlags() & ~(interruptFlag | Flags.TF | Flags.RF | Flags.AC));
        cpu.modeChanged();
    }
}
