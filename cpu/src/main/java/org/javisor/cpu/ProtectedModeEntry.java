// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.DescriptorTables.ERROR_MASK;
import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.ES;
import static org.javisor.isa.Instruction.FS;
import static org.javisor.isa.Instruction.GS;
import static org.javisor.isa.Instruction.SS;

/// Interrupts and exceptions through the gates of the IDT, in protected and virtual-8086 mode.
///
/// @sdm vol. 3A §6.12 "Exception and Interrupt Handling", vol. 2A "INT n/INTO/INT3/INT1—Call to Interrupt
///     Procedure"
final class ProtectedModeEntry {
    private final Cpu cpu;

    ProtectedModeEntry(Cpu cpu) {
        this.cpu = cpu;
    }

    /// Enters the handler of `event`. Leaves no trace if that faults.
    void enter(Event event) {
        long gate = fetchGate(event);
        if (Descriptor.type(gate) == Descriptor.TASK_GATE) {
            cpu.taskSwitch.interrupt(Descriptor.gateSelector(gate), event);
            return;
        }
        int selector = Descriptor.gateSelector(gate);
        long code = fetchHandler(selector);
        int dpl = Descriptor.dpl(code);
        boolean inner = !Descriptor.conforming(code) && dpl < cpu.cpl;
        if (cpu.mode == ExecutionMode.VIRTUAL_8086 && (!inner || dpl != 0)) {
            throw cpu.gp(selector & ERROR_MASK);
        }
        if (Descriptor.gateOffset(gate) > Integer.toUnsignedLong(Descriptor.limit(code))) {
            throw cpu.gp(0);
        }
        if (inner) {
            enterInner(event, gate, code, dpl);
        } else {
            enterSame(event, gate, code);
        }
    }

    private long fetchGate(Event event) {
        int error = event.vector * 8 + 2;
        if (event.vector * 8 + 7 > cpu.tables.idtLimit) {
            throw cpu.gp(error);
        }
        long gate = cpu.mmu.loadSystem(cpu.tables.linear(cpu.tables.idtBase + 8L * event.vector), 8);
        if (!isGate(gate) || event.software && Descriptor.dpl(gate) < cpu.cpl) {
            throw cpu.gp(error);
        }
        if (!Descriptor.present(gate)) {
            throw cpu.fault(GuestFault.NP, error);
        }
        return gate;
    }

    private static boolean isGate(long gate) {
        return Descriptor.system(gate) && switch (Descriptor.type(gate)) {
            case Descriptor.TASK_GATE, Descriptor.INTERRUPT_GATE16, Descriptor.TRAP_GATE16,
                    Descriptor.INTERRUPT_GATE32, Descriptor.TRAP_GATE32 -> true;
            default -> false;
        };
    }

    private long fetchHandler(int selector) {
        if (DescriptorTables.isNull(selector)) {
            throw cpu.gp(0);
        }
        long code = cpu.tables.fetch(selector, GuestFault.GP);
        if (!Descriptor.code(code) || Descriptor.dpl(code) > cpu.cpl) {
            throw cpu.gp(selector & ERROR_MASK);
        }
        if (!Descriptor.present(code)) {
            throw cpu.fault(GuestFault.NP, selector & ERROR_MASK);
        }
        return code;
    }

    private static int width(long gate) {
        return (Descriptor.type(gate) & Descriptor.WIDE) != 0 ? 4 : 2;
    }

    private void enterSame(Event event, long gate, long code) {
        StackFrame frame = cpu.frame;
        frame.onCurrentStack(width(gate));
        pushReturn(frame, event);
        cpu.shadowStack.prepareCall(0);
        cpu.tables.markAccessed(Descriptor.gateSelector(gate), code);
        frame.write();
        cpu.shadowStack.called(cpu.segments.selector[CS], cpu.debug.linearRip());
        cpu.reg64(CpuLayout.RSP, frame.pointer());
        finish(gate, code, cpu.cpl);
    }

    private void enterInner(Event event, long gate, long code, int cpl) {
        InnerStack stack = cpu.innerStack;
        stack.load(cpl);
        StackFrame frame = cpu.frame;
        frame.onStack(stack.selector, stack.descriptor, stack.pointer, cpl, width(gate));
        boolean virtual = cpu.mode == ExecutionMode.VIRTUAL_8086;
        int[] selector = cpu.segments.selector;
        if (virtual) {
            frame.push(selector[GS]).push(selector[FS]).push(selector[DS]).push(selector[ES]);
        }
        frame.push(selector[SS]).push(cpu.reg64(CpuLayout.RSP));
        pushReturn(frame, event);
        cpu.shadowStack.prepareEntry(cpl, 0);
        cpu.tables.markAccessed(stack.selector, stack.descriptor);
        cpu.tables.markAccessed(Descriptor.gateSelector(gate), code);
        frame.write();
        cpu.shadowStack.entered(cpl);
        cpu.segmentLoader.set(SS, stack.selector, stack.descriptor);
        cpu.reg64(CpuLayout.RSP, frame.pointer());
        if (virtual) {
            for (int segment : SegmentLoader.DATA_SEGMENTS) {
                cpu.segmentLoader.loadNull(segment, 0);
            }
        }
        finish(gate, code, cpl);
    }

    private void pushReturn(StackFrame frame, Event event) {
        frame.push(event.flags).push(cpu.segments.selector[CS]).push(cpu.rip());
        if (event.hasErrorCode) {
            frame.push(event.errorCode);
        }
    }

    private void finish(long gate, long code, int cpl) {
        int type = Descriptor.type(gate);
        boolean interrupt = type == Descriptor.INTERRUPT_GATE16 || type == Descriptor.INTERRUPT_GATE32;
        cpu.systemFlags(cpu.systemFlags() & ~(Flags.TF | Flags.VM | Flags.RF | Flags.NT | (interrupt ? Flags.IF : 0)));
        cpu.segmentLoader.setCode(Descriptor.gateSelector(gate), code, cpl);
        cpu.enforcement.entered();
        cpu.rip(Descriptor.gateOffset(gate));
        cpu.modeChanged();
    }
}
