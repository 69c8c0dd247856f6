// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.DescriptorTables.ERROR_MASK;
import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.SS;

/// Interrupts and exceptions in IA-32e mode, from 64-bit and compatibility code alike.
///
/// @sdm vol. 3A §6.14 "Exception and Interrupt Handling in 64-bit Mode"
final class LongModeEntry {
    private final Cpu cpu;

    LongModeEntry(Cpu cpu) {
        this.cpu = cpu;
    }

    /// Enters the handler of `event`. Leaves no trace if that faults.
    void enter(Event event) {
        long gate = fetchGate(event);
        long offset = Descriptor.gateOffset(gate)
                | cpu.mmu.loadSystem(cpu.tables.idtBase + 16L * event.vector + 8, 4) << 32;
        int selector = Descriptor.gateSelector(gate);
        long code = fetchHandler(selector);
        int dpl = Descriptor.dpl(code);
        boolean inner = !Descriptor.conforming(code) && dpl < cpu.cpl;
        int cpl = inner ? dpl : cpu.cpl;
        long pointer = stackPointer(Descriptor.interruptStack(gate), inner, cpl);
        if (!cpu.mmu.canonical(offset)) {
            throw cpu.gp(0);
        }
        ShadowStack shadow = cpu.shadowStack;
        int interruptStack = Descriptor.interruptStack(gate);
        if (inner) {
            shadow.prepareEntry(cpl, interruptStack);
        } else {
            shadow.prepareCall(interruptStack);
        }
        cpu.tables.markAccessed(selector, code);
        if (cpl == 0 && (event.software || event.exception && event.vector == GuestFault.PF)) {
            cpu.gates.learn(event, cpu.cpl, gate, offset, selector, code);
        }
        push(event, pointer & -16, cpl);
        if (inner) {
            shadow.entered(cpl);
        } else {
            shadow.called(cpu.segments.selector[CS], cpu.debug.linearRip());
        }
        if (inner) {
            cpu.segmentLoader.loadNullStack(cpl);
        }
        cpu.reg64(CpuLayout.RSP, cpu.frame.pointer());
        boolean interrupt = Descriptor.type(gate) == Descriptor.INTERRUPT_GATE32;
        cpu.systemFlags(cpu.systemFlags() & ~(Flags.TF | Flags.RF | Flags.NT | (interrupt ? Flags.IF : 0)));
        cpu.segmentLoader.setCode(selector, code, cpl);
        cpu.enforcement.entered();
        cpu.rip(offset);
        cpu.modes.transferred();
    }

    private long fetchGate(Event event) {
        int error = event.vector * 8 + 2;
        if (event.vector * 16 + 15 > cpu.tables.idtLimit) {
            throw cpu.gp(error);
        }
        long gate = cpu.mmu.loadSystem(cpu.tables.idtBase + 16L * event.vector, 8);
        int type = Descriptor.type(gate);
        boolean valid = Descriptor.system(gate)
                && (type == Descriptor.INTERRUPT_GATE32 || type == Descriptor.TRAP_GATE32);
        if (!valid || event.software && Descriptor.dpl(gate) < cpu.cpl) {
            throw cpu.gp(error);
        }
        if (!Descriptor.present(gate)) {
            throw cpu.fault(GuestFault.NP, error);
        }
        return gate;
    }

    private long fetchHandler(int selector) {
        if (DescriptorTables.isNull(selector)) {
            throw cpu.gp(0);
        }
        long code = cpu.tables.fetch(selector, GuestFault.GP);
        boolean handler = Descriptor.code(code) && Descriptor.longMode(code) && !Descriptor.wide(code)
                && Descriptor.dpl(code) <= cpu.cpl;
        if (!handler) {
            throw cpu.gp(selector & ERROR_MASK);
        }
        if (!Descriptor.present(code)) {
            throw cpu.fault(GuestFault.NP, selector & ERROR_MASK);
        }
        return code;
    }

    private long stackPointer(int interruptStack, boolean inner, int cpl) {
        if (interruptStack != 0) {
            return cpu.innerStack.loadInterruptStack(interruptStack);
        }
        return inner ? cpu.innerStack.load64(cpl) : cpu.reg64(CpuLayout.RSP);
    }

    private void push(Event event, long pointer, int cpl) {
        StackFrame frame = cpu.frame;
        frame.onFlatStack(pointer, cpl);
        frame.push(cpu.segments.selector[SS]).push(cpu.reg64(CpuLayout.RSP)).push(event.flags)
                .push(cpu.segments.selector[CS]).push(cpu.rip());
        if (event.hasErrorCode) {
            frame.push(event.errorCode & 0xffff_ffffL);
        }
        frame.write();
    }
}
