// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.DescriptorTables.ERROR_MASK;
import static org.javisor.cpu.DescriptorTables.RPL;
import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.ES;
import static org.javisor.isa.Instruction.FS;
import static org.javisor.isa.Instruction.GS;
import static org.javisor.isa.Instruction.SS;

/// Fills the hidden parts of segment registers, after the checks that the mode asks for.
///
/// @sdm vol. 3A §5.5 "Privilege Levels", vol. 2B "MOV—Move"
final class SegmentLoader {
    /// Attributes of every segment in virtual-8086 mode, and (with DPL 0) of those loaded in real mode.
    private static final int REAL_ATTRIBUTES = Segments.PRESENT | Segments.S | Segments.WRITABLE
            | Segments.ACCESSED;

    private final Cpu cpu;
    private final Segments segments;
    private final DescriptorTables tables;

    SegmentLoader(Cpu cpu) {
        this.cpu = cpu;
        this.segments = cpu.segments;
        this.tables = cpu.tables;
    }

    /// MOV, POP and the like to ES, SS, DS, FS or GS, in any mode. The caller refreshes [Segments].
    void load(int segment, int selector) {
        switch (cpu.mode) {
            case REAL -> loadReal(segment, selector);
            case VIRTUAL_8086 -> loadVirtual8086(segment, selector);
            default -> {
                if (segment == SS) {
                    loadStack(selector);
                } else {
                    loadData(segment, selector);
                }
            }
        }
    }

    /// In real mode only base and rights change: limit and size stay what protected mode left.
    void loadReal(int segment, int selector) {
        segments.selector[segment] = selector;
        segments.base[segment] = (long) selector << 4;
        segments.attributes[segment] = segments.attributes[segment] & (Segments.D | Segments.GRANULARITY)
                | REAL_ATTRIBUTES;
    }

    void loadVirtual8086(int segment, int selector) {
        segments.selector[segment] = selector;
        segments.base[segment] = (long) selector << 4;
        segments.limit[segment] = 0xffff;
        segments.attributes[segment] = REAL_ATTRIBUTES | Segments.DPL;
    }

    private void loadData(int segment, int selector) {
        if (DescriptorTables.isNull(selector)) {
            loadNull(segment, selector);
            return;
        }
        long descriptor = checkData(selector, GuestFault.GP, cpu.cpl);
        tables.markAccessed(selector, descriptor);
        set(segment, selector, descriptor);
    }

    /// The checks of a selector for ES, DS, FS or GS that is not null.
    ///
    /// @param vector #GP, or #TS during a task switch
    long checkData(int selector, int vector, int cpl) {
        int error = selector & ERROR_MASK;
        long descriptor = tables.fetch(selector, vector);
        boolean conforming = Descriptor.code(descriptor) && Descriptor.conforming(descriptor);
        int privilege = Math.max(selector & RPL, cpl);
        if (!Descriptor.readable(descriptor) || !conforming && privilege > Descriptor.dpl(descriptor)) {
            throw cpu.fault(vector, error);
        }
        if (!Descriptor.present(descriptor)) {
            throw cpu.fault(GuestFault.NP, error);
        }
        return descriptor;
    }

    private void loadStack(int selector) {
        if (DescriptorTables.isNull(selector)) {
            if (cpu.mode != ExecutionMode.LONG || cpu.cpl == 3 || (selector & RPL) != cpu.cpl) {
                throw cpu.gp(0);
            }
            loadNull(SS, selector);
            return;
        }
        long descriptor = checkStack(selector, cpu.cpl, GuestFault.GP);
        tables.markAccessed(selector, descriptor);
        set(SS, selector, descriptor);
    }

    /// The checks of a selector, not null, for the stack of code at `cpl`.
    ///
    /// @param vector #GP, or #TS when the selector comes from a TSS
    long checkStack(int selector, int cpl, int vector) {
        int error = selector & ERROR_MASK;
        long descriptor = tables.fetch(selector, vector);
        if ((selector & RPL) != cpl || !Descriptor.writableData(descriptor)
                || Descriptor.dpl(descriptor) != cpl) {
            throw cpu.fault(vector, error);
        }
        if (!Descriptor.present(descriptor)) {
            throw cpu.fault(GuestFault.SS, error);
        }
        return descriptor;
    }

    /// A null selector: accesses through it are #GP(0), but for those of 64-bit mode.
    void loadNull(int segment, int selector) {
        segments.selector[segment] = selector;
        segments.attributes[segment] = segments.attributes[segment] & Segments.D | Segments.NULL;
        if (segment >= FS || cpu.mode.ia32e()) {
            segments.base[segment] = 0;
        }
    }

    /// SS in 64-bit code after a change of privilege: null, with the new privilege as its RPL.
    void loadNullStack(int cpl) {
        loadNull(SS, cpl);
        segments.attributes[SS] = Segments.NULL | cpl << Segments.DPL_SHIFT;
    }

    /// Fills in the hidden part, checks done.
    void set(int segment, int selector, long descriptor) {
        segments.selector[segment] = selector;
        segments.base[segment] = Descriptor.base(descriptor);
        segments.limit[segment] = Descriptor.limit(descriptor);
        segments.attributes[segment] = Descriptor.attributes(descriptor)
                | (Descriptor.system(descriptor) ? 0 : Segments.ACCESSED);
    }

    /// Fills in CS, checks done, and makes `cpl` the current privilege level. The caller calls
    /// [Cpu#modeChanged].
    void setCode(int selector, long descriptor, int cpl) {
        set(CS, selector & ~RPL | cpl, descriptor);
        cpu.cpl = cpl;
    }

    /// After a return to an outer level: data segments that the outer level may not use become null.
    void dropPrivilegedSegments() {
        for (int segment : DATA_SEGMENTS) {
            int attributes = segments.attributes[segment];
            int conforming = Segments.CODE | Segments.CONFORMING;
            int dpl = (attributes & Segments.DPL) >> Segments.DPL_SHIFT;
            if ((attributes & Segments.NULL) != 0) {
                segments.selector[segment] = 0;
            } else if (dpl < cpu.cpl && (attributes & conforming) != conforming) {
                // The base stays: 64-bit code may go on using those of FS and GS.
                segments.selector[segment] = 0;
                segments.attributes[segment] |= Segments.NULL;
            }
        }
    }

    /// ES, DS, FS and GS: those that only hold data.
    static final int[] DATA_SEGMENTS = {ES, DS, FS, GS};
}
