// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.cpu.events.ExceptionEvent;
import org.javisor.cpu.events.PageFaultEvent;

/// Exceptions and interrupts on their way into the guest. Called by the run loop, between instructions;
/// software interrupts come here from their handlers.
///
/// @sdm vol. 3A §6 "Interrupt and Exception Handling"
final class Exceptions {
    private static final int BENIGN = 0, CONTRIBUTORY = 1, PAGE_FAULT = 2, DOUBLE_FAULT = 3;

    private final Cpu cpu;
    private final Event event = new Event();
    private final RealModeEntry realMode;
    private final ProtectedModeEntry protectedMode;
    private final LongModeEntry longMode;
    private final long[] delivered = new long[256];
    /// Given from outside, to be delivered when the processor runs next.
    private Event queued;
    /// Faults on the way are for [#inject] to take.
    private boolean injecting;
    private boolean shutDown;

    Exceptions(Cpu cpu) {
        this.cpu = cpu;
        this.realMode = new RealModeEntry(cpu);
        this.protectedMode = new ProtectedModeEntry(cpu);
        this.longMode = new LongModeEntry(cpu);
    }

    /// How many exceptions and interrupts were delivered through `vector`.
    long delivered(int vector) {
        return delivered[vector] + cpu.gates.delivered(vector);
    }

    /// Whether an exception or interrupt is on its way into the guest.
    boolean injecting() {
        return injecting;
    }

    // ---- from the run loop ----

    /// Delivers a fault of the instruction at RIP (RIP is already back at its start), and what delivery
    /// itself leads to, up to a triple fault.
    ///
    /// @return [CpuExit#NONE], or [CpuExit#SHUTDOWN]
    int deliver(GuestFault fault) {
        // An instruction that faulted resumes behind its breakpoint; one that hit its breakpoint has not
        // begun.
        long flags = fault.vector == GuestFault.DB ? cpu.rflags() : cpu.rflags() | Flags.RF;
        record(fault);
        return inject(event.exception(fault.vector, fault.hasErrorCode, fault.errorCode, flags));
    }

    /// As [#deliver], of a page fault that was found without an exception being thrown; CR2 is set. The run loop is
    /// left if delivery ends in a shutdown.
    void pageFault(int error) {
        int exit = deliver(cpu.fault(GuestFault.PF, error));
        if (exit != CpuExit.NONE) {
            cpu.exits.ask(exit);
        }
    }

    /// Delivers a trap of the instruction before RIP.
    ///
    /// @return [CpuExit#NONE], or [CpuExit#SHUTDOWN]
    int trap(int vector) {
        return inject(event.exception(vector, false, 0, cpu.rflags()));
    }

    /// Serves the most important of the requests that may be taken now.
    ///
    /// @param pending bits of [Requests#ARCHITECTURAL], not empty
    /// @return [CpuExit#NONE] or an exit
    int interrupt(int pending) {
        if ((pending & Requests.SMI) != 0) {
            cpu.cancel(Requests.SMI);
            boolean halted = cpu.exits.isHalted();
            cpu.exits.wake();
            cpu.management.enter(halted);
            return CpuExit.NONE;
        }
        if ((pending & Requests.INIT) != 0) {
            return cpu.reset.init();
        }
        if ((pending & Requests.NMI) != 0) {
            cpu.cancel(Requests.NMI);
            if (cpu.environment.interruptController().acknowledgeNmi()) {
                cpu.nmiBlocked = true;
                return inject(event.interrupt(GuestFault.NMI, cpu.rflags()));
            }
        }
        if ((pending & Requests.INTERRUPT) != 0) {
            int vector = cpu.environment.interruptController().acknowledge();
            if (vector == InterruptController.LEAVE) {
                return CpuExit.INTERRUPT_WINDOW;
            }
            return vector < 0 ? CpuExit.NONE : inject(event.interrupt(vector & 0xff, cpu.rflags()));
        }
        return CpuExit.NONE;
    }

    /// Has an exception or interrupt delivered before the next instruction; while the processor does not run.
    ///
    /// @param exception whether it counts in the double-fault rules
    void queue(int vector, boolean exception, boolean hasErrorCode, int errorCode) {
        queued = exception ? new Event().exception(vector, hasErrorCode, errorCode, 0)
                : new Event().interrupt(vector, 0);
    }

    /// Whether the processor shuts down before the next instruction.
    boolean shutsDown() {
        return shutDown;
    }

    /// While the processor does not run.
    void shutsDown(boolean whether) {
        shutDown = whether;
    }

    /// What waits to be delivered, or null.
    Event queued() {
        return queued;
    }

    void forgetQueued() {
        queued = null;
        shutDown = false;
    }

    /// Delivers what [#queue] was given, before the processor runs.
    ///
    /// @return [CpuExit#NONE], or [CpuExit#SHUTDOWN]
    int deliverQueued() {
        if (shutDown) {
            shutDown = false;
            return CpuExit.SHUTDOWN;
        }
        Event next = queued;
        if (next == null) {
            return CpuExit.NONE;
        }
        queued = null;
        boolean resumes = next.exception && next.vector != GuestFault.DB;
        next.flags = resumes ? cpu.rflags() | Flags.RF : cpu.rflags();
        return inject(next);
    }

    private int inject(Event event) {
        cpu.exits.wake();
        injecting = true;
        try {
            return injectOrShutDown(event);
        } finally {
            injecting = false;
        }
    }

    private int injectOrShutDown(Event event) {
        while (true) {
            try {
                enter(event);
                return CpuExit.NONE;
            } catch (GuestFault nested) {
                if (nested.vector == GuestFault.UNWIND) {
                    // A stack or table in I/O space that somebody outside would have to answer for.
                    cpu.exits.take();
                    return CpuExit.SHUTDOWN;
                }
                int first = event.exception ? severity(event.vector) : BENIGN;
                int second = severity(nested.vector);
                if (first == DOUBLE_FAULT && second != BENIGN) {
                    return CpuExit.SHUTDOWN;
                }
                nest(event, first, nested);
            }
        }
    }

    private void record(GuestFault fault) {
        if (fault.vector == GuestFault.PF) {
            if (PageFaultEvent.on() && cpu.gates.recorded.take()) {
                PageFaultEvent.record(cpu.id, cpu.cr2(), cpu.rip(), fault.errorCode);
            }
        } else if (ExceptionEvent.on()) {
            ExceptionEvent.record(cpu.id, fault.vector, fault.hasErrorCode ? fault.errorCode : 0, cpu.rip());
        }
    }

    /// Replaces `event` by what its failed delivery leads to.
    private void nest(Event event, int first, GuestFault nested) {
        record(nested);
        // A fault after a task switch happened in the new task, whose flags these are.
        long flags = cpu.rflags() | Flags.RF;
        boolean doubleFault = first == CONTRIBUTORY && severity(nested.vector) == CONTRIBUTORY
                || first == PAGE_FAULT && severity(nested.vector) != BENIGN;
        if (doubleFault) {
            event.exception(GuestFault.DF, true, 0, flags);
        } else {
            int external = event.external && carriesSelector(nested.vector) ? 1 : 0;
            event.exception(nested.vector, nested.hasErrorCode, nested.errorCode | external, flags);
        }
    }

    /// @sdm vol. 3A §6.15 "Interrupt 8—Double Fault Exception (#DF)"
    private static int severity(int vector) {
        return switch (vector) {
            case GuestFault.DE, GuestFault.TS, GuestFault.NP, GuestFault.SS, GuestFault.GP, GuestFault.CP ->
                    CONTRIBUTORY;
            case GuestFault.PF -> PAGE_FAULT;
            case GuestFault.DF -> DOUBLE_FAULT;
            default -> BENIGN;
        };
    }

    private static boolean carriesSelector(int vector) {
        return vector >= GuestFault.TS && vector <= GuestFault.GP;
    }

    private void enter(Event event) {
        if (cpu.mode == ExecutionMode.REAL) {
            realMode.enter(event.vector, event.flags);
        } else if (cpu.mode.ia32e()) {
            longMode.enter(event);
        } else {
            protectedMode.enter(event);
        }
        delivered[event.vector]++;
        if (event.vector == GuestFault.DB) {
            cpu.debug.entered();
        }
    }

    /// A fault of a task that has just been switched to, RIP and all; RIP must not go back to the instruction
    /// that caused the switch.
    void faultInNewTask(GuestFault fault) {
        if (injecting) {
            throw fault;
        }
        int exit = deliver(fault);
        if (exit != CpuExit.NONE) {
            cpu.exits.ask(exit);
        }
    }

    // ---- from handlers; RIP is behind the instruction, and a fault puts it back ----

    /// INT n.
    void software(int vector) {
        if (cpu.mode == ExecutionMode.VIRTUAL_8086) {
            if (redirected(vector)) {
                cpu.debug.cancelStep();
                realMode.enterVirtual(vector);
                delivered[vector]++;
                return;
            }
            if ((cpu.systemFlags() & Flags.IOPL) != Flags.IOPL) {
                throw cpu.gp(0);
            }
        }
        softwareGate(vector);
    }

    /// INT3 and INTO, which neither IOPL nor redirection concerns; and INT n when they do not either.
    void softwareGate(int vector) {
        cpu.debug.cancelStep();
        enter(event.software(vector, cpu.rflags() & ~Flags.RF));
    }

    /// INT1: an interrupt through vector 1 that ignores the gate's privilege level.
    void hardwareGate(int vector) {
        cpu.debug.mergeIntoInt1();
        try {
            enter(event.interrupt(vector, cpu.rflags() & ~Flags.RF));
        } catch (GuestFault fault) {
            fault.errorCode |= carriesSelector(fault.vector) ? 1 : 0;
            throw fault;
        }
    }

    /// Whether CR4.VME and the bitmap in the TSS give INT `vector` to the 8086 program itself.
    ///
    /// @sdm vol. 3B §21.3.3 "Class 3—Software Interrupt Handling in Virtual-8086 Mode"
    private boolean redirected(int vector) {
        if ((cpu.cr4 & ControlBits.CR4_VME) == 0) {
            return false;
        }
        Segments segments = cpu.segments;
        long tss = segments.base[Segments.TR];
        long limit = Integer.toUnsignedLong(segments.limit[Segments.TR]);
        boolean wide = (segments.attributes[Segments.TR] & Descriptor.WIDE) != 0;
        if (!wide || limit < TaskState.IO_MAP + 1) {
            throw cpu.gp(0);
        }
        // The 32 bytes below the I/O bitmap.
        long at = cpu.mmu.loadSystem(cpu.tables.linear(tss + TaskState.IO_MAP), 2) - 32 + vector / 8;
        if (at < 0 || at > limit) {
            throw cpu.gp(0);
        }
        return (cpu.mmu.loadSystem(cpu.tables.linear(tss + at), 1) >> vector % 8 & 1) == 0;
    }
}
