// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.cpu.events.EventBudget;
import org.javisor.cpu.events.PageFaultEvent;
import org.javisor.host.HostMemory;

/// The gates through which INT n and page faults last entered a 64-bit kernel: from 64-bit programs, and from the
/// kernel itself.
///
/// What the interpreter has found permitted once is permitted again where gate and descriptor are the same, which
/// translated code compares with what the tables in memory hold then. It reads the stack from the TSS each time. CPL
/// and the hidden parts of segments follow when host code is left ([ModeDerivation#followHostCode]).
final class KnownGates {
    private static final int FROM_KERNEL = 1, OF_FAULTS = 2, NONE = -1;
    /// Of INT n from programs and from the kernel, and of page faults likewise.
    private static final int[] SLOTS = {CpuLayout.INT_FROM_USER, CpuLayout.INT_FROM_KERNEL, CpuLayout.FAULT_FROM_USER,
        CpuLayout.FAULT_FROM_KERNEL};
    private static final int STACK_OF_LEVEL_0 = 4, INTERRUPT_STACKS = 28, STACK_BYTES = 8;
    private static final long ACCESSED = (long) Segments.ACCESSED << 40;

    /// For page faults that are left to Java only so that they are recorded.
    final EventBudget recorded = new EventBudget(1_000);
    private final Cpu cpu;
    private final int[] vectors = {NONE, NONE, NONE, NONE};
    /// What the slots counted of other vectors.
    private final long[] before = new long[256];
    private boolean known;
    /// The tables in which all of it is.
    private long idtBase, gdtBase, tssBase;
    private int idtLimit, gdtLimit, tssLimit;

    KnownGates(Cpu cpu) {
        this.cpu = cpu;
        forget();
    }

    private long slot(int n) {
        return cpu.state + SLOTS[n];
    }

    private void forget() {
        known = false;
        for (int n = 0; n < SLOTS.length; n++) {
            takeCount(n);
            vectors[n] = NONE;
            HostMemory.storeInt(slot(n) + CpuLayout.INT_VECTOR, NONE);
        }
    }

    /// INT n or a page fault, from `cpl`, has found its way to CPL 0.
    ///
    /// @param gate   lower half of the gate
    /// @param target what all of it leads to
    /// @param code   descriptor of the segment of `selector`
    void learn(Event event, int cpl, long gate, long target, int selector, long code) {
        if (cpu.group.translator == null || (selector & DescriptorTables.TI) != 0 || cpl != 0 && cpl != 3) {
            return;
        }
        if (!isOfTables()) {
            forget();
            takeTables();
        }
        int n = (event.software ? 0 : OF_FAULTS) + (cpl == 0 ? FROM_KERNEL : 0);
        long at = slot(n);
        takeCount(n);
        vectors[n] = event.vector;
        known = true;
        boolean masks = Descriptor.type(gate) == Descriptor.INTERRUPT_GATE32;
        int stack = Descriptor.interruptStack(gate);
        boolean switches = stack != 0 || cpl != 0;
        HostMemory.storeInt(at + CpuLayout.INT_CS, selector & ~DescriptorTables.RPL);
        HostMemory.storeLong(at + CpuLayout.INT_GATE_AT, idtBase + 16L * event.vector);
        HostMemory.storeLong(at + CpuLayout.INT_GATE, gate);
        HostMemory.storeInt(at + CpuLayout.INT_GATE_HIGH, (int) (target >>> 32));
        HostMemory.storeInt(at + CpuLayout.INT_FLAGS, ~(Flags.TF | Flags.RF | Flags.NT | (masks ? Flags.IF : 0)));
        HostMemory.storeInt(at + CpuLayout.INT_REQUESTS, masks ? ~Requests.INTERRUPT : -1);
        HostMemory.storeLong(at + CpuLayout.INT_CODE_AT, gdtBase + (selector & -8));
        HostMemory.storeLong(at + CpuLayout.INT_CODE, code | ACCESSED);
        HostMemory.storeLong(at + CpuLayout.INT_STACK_AT, !switches ? 0
                : tssBase + (stack == 0 ? STACK_OF_LEVEL_0 : INTERRUPT_STACKS + STACK_BYTES * stack));
        HostMemory.storeLong(at + CpuLayout.INT_TARGET, target);
    }

    private boolean isOfTables() {
        DescriptorTables tables = cpu.tables;
        Segments segments = cpu.segments;
        return tables.idtBase == idtBase && tables.idtLimit == idtLimit && tables.gdtBase == gdtBase
                && tables.gdtLimit == gdtLimit && segments.base[Segments.TR] == tssBase
                && segments.limit[Segments.TR] == tssLimit;
    }

    private void takeTables() {
        idtBase = cpu.tables.idtBase;
        idtLimit = cpu.tables.idtLimit;
        gdtBase = cpu.tables.gdtBase;
        gdtLimit = cpu.tables.gdtLimit;
        tssBase = cpu.segments.base[Segments.TR];
        tssLimit = cpu.segments.limit[Segments.TR];
    }

    /// Tells translated code which may be used; before it is entered.
    void publish() {
        if (known) {
            boolean usable = cpu.mode == ExecutionMode.LONG && !cpu.enforcement.inUse() && isOfTables()
                    && cpu.mmu.spaces.kernelIs64Bit();
            boolean told = PageFaultEvent.on() && recorded.hasRoom();
            for (int n = 0; n < SLOTS.length; n++) {
                boolean there = usable && !(told && n >= OF_FAULTS);
                HostMemory.storeInt(slot(n) + CpuLayout.INT_VECTOR, there ? vectors[n] : NONE);
            }
        }
    }

    /// Follows translated code in which a program has executed INT n last, or has got a page fault.
    void follow(boolean fault) {
        long at = slot(fault ? OF_FAULTS : 0);
        cpu.segmentLoader.loadNullStack(0);
        cpu.segmentLoader.setCode(HostMemory.loadInt(at + CpuLayout.INT_CS),
                HostMemory.loadLong(at + CpuLayout.INT_CODE), 0);
        cpu.segments.refreshSelectors();
    }

    /// How often translated code has executed INT `vector`, or delivered that exception.
    long delivered(int vector) {
        long count = before[vector];
        for (int n = 0; n < SLOTS.length; n++) {
            count += vectors[n] == vector ? HostMemory.loadLong(slot(n) + CpuLayout.INT_COUNT) : 0;
        }
        return count;
    }

    /// The slot will count another vector.
    private void takeCount(int n) {
        if (vectors[n] != NONE) {
            before[vectors[n]] += HostMemory.loadLong(slot(n) + CpuLayout.INT_COUNT);
        }
        HostMemory.storeLong(slot(n) + CpuLayout.INT_COUNT, 0);
    }
}
