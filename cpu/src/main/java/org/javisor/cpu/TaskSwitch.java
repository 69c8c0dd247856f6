// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.DescriptorTables.ERROR_MASK;
import static org.javisor.cpu.DescriptorTables.RPL;
import static org.javisor.cpu.DescriptorTables.TI;
import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.FS;
import static org.javisor.isa.Instruction.GS;
import static org.javisor.isa.Instruction.SS;

/// Hardware task switches, by JMP, CALL, IRET and interrupts through task gates. Outside IA-32e mode alone.
///
/// What goes wrong before the new task's registers are loaded is a fault of the instruction in the old task;
/// from then on it is a fault of the new task, before its first instruction.
///
/// @sdm vol. 3A §8.3 "Task Switching"
final class TaskSwitch {
    private enum Cause { JUMP, CALL, RETURN, INTERRUPT }

    /// EFLAGS bits that a 32-bit TSS can hold.
    private static final int EFLAGS_MASK = 0x3f_7fd5;

    private final Cpu cpu;

    // The new task, as read from its TSS before anything changes.
    private final long[] gpr = new long[8];
    private final int[] selector = new int[6];
    private boolean wide;
    private long cr3, eip, eflags;
    private int ldt;
    private boolean debugTrap;

    TaskSwitch(Cpu cpu) {
        this.cpu = cpu;
    }

    /// JMP to a TSS, or through a task gate, whose privilege has been checked.
    void jump(int tss) {
        switchTo(tss, fetchAvailable(tss), Cause.JUMP, null);
    }

    /// CALL of a TSS, or through a task gate, whose privilege has been checked.
    void call(int tss) {
        switchTo(tss, fetchAvailable(tss), Cause.CALL, null);
    }

    /// An exception or interrupt through a task gate.
    void interrupt(int tss, Event event) {
        switchTo(tss, fetchAvailable(tss), Cause.INTERRUPT, event);
    }

    /// IRET with NT set: back to the task that the current one is linked to.
    void returnToPrevious() {
        int tss = (int) cpu.mmu.loadSystem(cpu.tables.linear(cpu.segments.base[Segments.TR] + TaskState.LINK),
                2);
        if (DescriptorTables.isNull(tss) || (tss & TI) != 0) {
            throw cpu.fault(GuestFault.TS, tss & ERROR_MASK);
        }
        long descriptor = cpu.tables.fetch(tss, GuestFault.TS);
        int type = Descriptor.type(descriptor);
        if (!Descriptor.system(descriptor) || type != Descriptor.TSS16_BUSY
                && type != Descriptor.TSS32_BUSY) {
            throw cpu.fault(GuestFault.TS, tss & ERROR_MASK);
        }
        requirePresent(tss, descriptor);
        switchTo(tss, descriptor, Cause.RETURN, null);
    }

    private long fetchAvailable(int tss) {
        if (DescriptorTables.isNull(tss) || (tss & TI) != 0) {
            throw cpu.gp(tss & ERROR_MASK);
        }
        long descriptor = cpu.tables.fetch(tss, GuestFault.GP);
        int type = Descriptor.type(descriptor);
        if (!Descriptor.system(descriptor) || type != Descriptor.TSS16 && type != Descriptor.TSS32) {
            throw cpu.gp(tss & ERROR_MASK);
        }
        requirePresent(tss, descriptor);
        return descriptor;
    }

    private void requirePresent(int tss, long descriptor) {
        if (!Descriptor.present(descriptor)) {
            throw cpu.fault(GuestFault.NP, tss & ERROR_MASK);
        }
    }

    private void switchTo(int tss, long descriptor, Cause cause, Event event) {
        requireRoom(tss, Descriptor.attributes(descriptor), Descriptor.limit(descriptor));
        Segments segments = cpu.segments;
        int old = segments.selector[Segments.TR];
        requireRoom(old, segments.attributes[Segments.TR], segments.limit[Segments.TR]);
        read(descriptor);
        probeOld();
        if (cause == Cause.JUMP || cause == Cause.RETURN) {
            cpu.tables.markBusy(old, false);
        }
        save(event != null ? event.flags : cpu.rflags() & ~(cause == Cause.RETURN ? Flags.NT : 0));
        if (cause != Cause.RETURN) {
            cpu.tables.markBusy(tss, true);
        }
        if (cause == Cause.CALL || cause == Cause.INTERRUPT) {
            cpu.mmu.storeSystem(linear(Descriptor.base(descriptor), TaskState.LINK), 2, old);
            eflags |= Flags.NT;
        }
        cpu.segmentLoader.set(Segments.TR, tss, descriptor);
        segments.attributes[Segments.TR] |= Descriptor.BUSY;
        resume(event);
    }

    private void requireRoom(int tss, int attributes, int limit) {
        int needed = (attributes & Descriptor.WIDE) != 0 ? TaskState.LIMIT32 : TaskState.LIMIT16;
        if (Integer.compareUnsigned(limit, needed) < 0) {
            throw cpu.fault(GuestFault.TS, tss & ERROR_MASK);
        }
    }

    private long linear(long base, int offset) {
        return cpu.tables.linear(base + offset);
    }

    private long load(long base, int offset, int bytes) {
        return cpu.mmu.loadSystem(linear(base, offset), bytes);
    }

    /// Reads the new task; faults here leave no trace.
    private void read(long descriptor) {
        long base = Descriptor.base(descriptor);
        wide = (Descriptor.type(descriptor) & Descriptor.WIDE) != 0;
        if (wide) {
            cr3 = load(base, TaskState.CR3, 4);
            readRegisters(base, 32, 4);
            for (int i = 0; i < 6; i++) {
                selector[i] = (int) load(base, 72 + 4 * i, 2);
            }
            ldt = (int) load(base, 96, 2);
            debugTrap = (load(base, TaskState.DEBUG_TRAP, 2) & 1) != 0;
        } else {
            readRegisters(base, 14, 2);
            for (int i = 0; i < 4; i++) {
                selector[i] = (int) load(base, 34 + 2 * i, 2);
            }
            selector[FS] = 0;
            selector[GS] = 0;
            ldt = (int) load(base, 42, 2);
            debugTrap = false;
        }
    }

    private void readRegisters(long base, int from, int bytes) {
        eip = load(base, from, bytes);
        eflags = load(base, from + bytes, bytes) & EFLAGS_MASK;
        for (int i = 0; i < 8; i++) {
            gpr[i] = load(base, from + bytes * (2 + i), bytes);
        }
    }

    private boolean oldWide() {
        return (cpu.segments.attributes[Segments.TR] & Descriptor.WIDE) != 0;
    }

    /// Makes sure that nothing can fault between the first and the last store to the old TSS.
    private void probeOld() {
        long base = cpu.segments.base[Segments.TR];
        int first = oldWide() ? 32 : 14;
        int last = oldWide() ? 93 : 41;
        for (int offset : new int[] {first, last}) {
            long gva = linear(base, offset);
            long found = cpu.mmu.loadSystem(gva, 1);
            cpu.mmu.compareAndSwapSystem(gva, 1, found, found);
        }
    }

    private void save(long flags) {
        long base = cpu.segments.base[Segments.TR];
        if (oldWide()) {
            saveRegisters(base, 32, 4, flags);
            for (int i = 0; i < 6; i++) {
                cpu.mmu.storeSystem(linear(base, 72 + 4 * i), 2, cpu.segments.selector[i]);
            }
        } else {
            saveRegisters(base, 14, 2, flags);
            for (int i = 0; i < 4; i++) {
                cpu.mmu.storeSystem(linear(base, 34 + 2 * i), 2, cpu.segments.selector[i]);
            }
        }
    }

    private void saveRegisters(long base, int from, int bytes, long flags) {
        cpu.mmu.storeSystem(linear(base, from), bytes, cpu.rip());
        cpu.mmu.storeSystem(linear(base, from + bytes), bytes, flags);
        for (int i = 0; i < 8; i++) {
            cpu.mmu.storeSystem(linear(base, from + bytes * (2 + i)), bytes, cpu.reg64(i));
        }
    }

    /// Loads the new task. From here on faults are the new task's own.
    private void resume(Event event) {
        cpu.cr0 |= ControlBits.CR0_TS;
        cpu.rip(eip);
        cpu.arithmeticFlags((int) eflags);
        cpu.systemFlags((int) eflags & ~Flags.ARITHMETIC | 2);
        for (int i = 0; i < 8; i++) {
            // The upper halves that a 16-bit TSS does not have become ones, as on all processors since the
            // 80386.
            cpu.reg64(i, wide ? gpr[i] : 0xffff_0000L | gpr[i]);
        }
        forgetSegments();
        cpu.debug.clearLocalBreakpoints();
        cpu.debug.resumeFlagLoaded();
        try {
            loadState();
            if (event != null && event.hasErrorCode) {
                pushErrorCode(event.errorCode);
            }
        } catch (GuestFault fault) {
            cpu.modeChanged();
            cpu.exceptions.faultInNewTask(fault);
        }
        if (debugTrap) {
            cpu.debug.taskSwitchTrap();
        }
        cpu.modeChanged();
    }

    /// Until they are checked, the segment registers hold their selectors and nothing behind them.
    private void forgetSegments() {
        Segments segments = cpu.segments;
        for (int i = 0; i < 6; i++) {
            segments.selector[i] = selector[i];
            segments.attributes[i] |= Segments.NULL;
        }
        segments.selector[Segments.LDTR] = ldt;
        segments.attributes[Segments.LDTR] = Segments.NULL;
        cpu.cpl = virtual8086() ? 3 : selector[CS] & RPL;
    }

    private boolean virtual8086() {
        return (eflags & Flags.VM) != 0;
    }

    private void loadState() {
        if (wide && (cpu.cr0 & ControlBits.CR0_PG) != 0 && cr3 != cpu.cr3) {
            cpu.mmu.loadCr3(cr3);
        }
        loadLdt();
        if (virtual8086()) {
            for (int i = 0; i < 6; i++) {
                cpu.segmentLoader.loadVirtual8086(i, selector[i]);
            }
        } else {
            loadCode();
            loadStack();
            for (int segment : SegmentLoader.DATA_SEGMENTS) {
                loadData(segment);
            }
        }
        cpu.modeChanged();
        if (eip > Integer.toUnsignedLong(cpu.segments.limit[CS])) {
            throw cpu.gp(0);
        }
    }

    private void loadLdt() {
        if (DescriptorTables.isNull(ldt)) {
            return;
        }
        if ((ldt & TI) != 0) {
            throw cpu.fault(GuestFault.TS, ldt & ERROR_MASK);
        }
        long descriptor = cpu.tables.fetch(ldt, GuestFault.TS);
        boolean valid = Descriptor.system(descriptor) && Descriptor.type(descriptor) == Descriptor.LDT
                && Descriptor.present(descriptor);
        if (!valid) {
            throw cpu.fault(GuestFault.TS, ldt & ERROR_MASK);
        }
        cpu.segmentLoader.set(Segments.LDTR, ldt, descriptor);
    }

    private void loadCode() {
        int cs = selector[CS];
        int error = cs & ERROR_MASK;
        if (DescriptorTables.isNull(cs)) {
            throw cpu.fault(GuestFault.TS, 0);
        }
        long descriptor = cpu.tables.fetch(cs, GuestFault.TS);
        int dpl = Descriptor.dpl(descriptor);
        boolean privileged = Descriptor.conforming(descriptor) ? dpl > (cs & RPL) : dpl != (cs & RPL);
        if (!Descriptor.code(descriptor) || privileged) {
            throw cpu.fault(GuestFault.TS, error);
        }
        if (!Descriptor.present(descriptor)) {
            throw cpu.fault(GuestFault.NP, error);
        }
        cpu.tables.markAccessed(cs, descriptor);
        cpu.segmentLoader.setCode(cs, descriptor, cs & RPL);
    }

    private void loadStack() {
        int ss = selector[SS];
        if (DescriptorTables.isNull(ss)) {
            throw cpu.fault(GuestFault.TS, 0);
        }
        long descriptor = cpu.segmentLoader.checkStack(ss, cpu.cpl, GuestFault.TS);
        cpu.tables.markAccessed(ss, descriptor);
        cpu.segmentLoader.set(SS, ss, descriptor);
    }

    private void loadData(int segment) {
        int wanted = selector[segment];
        if (DescriptorTables.isNull(wanted)) {
            cpu.segmentLoader.loadNull(segment, wanted);
            return;
        }
        long descriptor = cpu.segmentLoader.checkData(wanted, GuestFault.TS, cpu.cpl);
        cpu.tables.markAccessed(wanted, descriptor);
        cpu.segmentLoader.set(segment, wanted, descriptor);
    }

    private void pushErrorCode(int errorCode) {
        StackFrame frame = cpu.frame;
        frame.onCurrentStack(wide ? 4 : 2);
        frame.push(errorCode).write();
        cpu.reg64(CpuLayout.RSP, frame.pointer());
    }
}
