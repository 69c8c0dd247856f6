// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.SS;

/// A processor's state in its [SaveArea]: written by an SMI, checked and loaded by RSM.
final class SavedState {
    /// Bits of a descriptor that are saved of a segment's attributes.
    private static final int ATTRIBUTES = 0xf0ff;
    private static final int RFLAGS = Flags.ARITHMETIC | Flags.TF | Flags.IF | Flags.DF | Flags.IOPL | Flags.NT
            | Flags.RF | Flags.VM | Flags.AC | Flags.VIF | Flags.VIP | Flags.ID;

    private final Cpu cpu;
    final TrappedIo io;

    SavedState(Cpu cpu) {
        this.cpu = cpu;
        this.io = new TrappedIo(cpu);
    }

    // ---- saving ----

    void save(SaveArea area, long base, boolean halted, boolean nmiBlocked) {
        area.clear();
        for (int n = 0; n < Segments.COUNT; n++) {
            saveSegment(area, n);
        }
        area.store(SaveArea.GDTR + SaveArea.LIMIT, 2, cpu.tables.gdtLimit);
        area.store(SaveArea.GDTR + SaveArea.BASE, 8, cpu.tables.gdtBase);
        area.store(SaveArea.IDTR + SaveArea.LIMIT, 2, cpu.tables.idtLimit);
        area.store(SaveArea.IDTR + SaveArea.BASE, 8, cpu.tables.idtBase);
        area.store(SaveArea.AUTO_HALT, 1, halted ? 1 : 0);
        area.store(SaveArea.NMI_MASK, 1, nmiBlocked ? 1 : 0);
        area.store(SaveArea.EFER, 8, cpu.efer);
        area.store(SaveArea.REVISION, 4, SaveArea.REVISION_ID);
        area.store(SaveArea.SMBASE, 4, base);
        area.store(SaveArea.SSP, 8, cpu.shadowStack.pointer());
        area.store(SaveArea.CR4, 8, cpu.cr4);
        area.store(SaveArea.CR3, 8, cpu.cr3);
        area.store(SaveArea.CR0, 8, cpu.cr0);
        area.store(SaveArea.DR7, 8, cpu.debug.read(7));
        area.store(SaveArea.DR6, 8, cpu.debug.read(6));
        area.store(SaveArea.RFLAGS, 8, cpu.rflags());
        area.store(SaveArea.RIP, 8, cpu.rip());
        for (int n = 0; n < 16; n++) {
            area.store(SaveArea.general(n), 8, cpu.reg64(n));
        }
        io.save(area);
    }

    private void saveSegment(SaveArea area, int n) {
        int at = SaveArea.segment(n);
        int attributes = cpu.segments.attributes[n];
        // A null selector's segment is one that is not present, and that of the stack tells the privilege level.
        int saved = (attributes & Segments.NULL) != 0 ? attributes & ~Segments.PRESENT : attributes;
        if (n == SS) {
            saved = saved & ~Segments.DPL | cpu.cpl << Segments.DPL_SHIFT;
        }
        area.store(at, 2, cpu.segments.selector[n]);
        area.store(at + SaveArea.ATTRIBUTES, 2, saved & ATTRIBUTES);
        area.store(at + SaveArea.LIMIT, 4, cpu.segments.limit[n]);
        area.store(at + SaveArea.BASE, 8, cpu.segments.base[n]);
    }

    // ---- checking ----

    /// Whether a processor may be in the saved state: one with another shuts down.
    ///
    /// @sdm vol. 3C §33.4.1.3 "SMRAM State Save Map": of what RSM finds wrong
    boolean isValid(SaveArea area) {
        long cr0 = area.load(SaveArea.CR0, 8), cr4 = area.load(SaveArea.CR4, 8), efer = area.load(SaveArea.EFER, 8);
        boolean ia32e = isIa32e(cr0, efer);
        long known = ia32e ? efer | ControlBits.EFER_LMA : efer & ~ControlBits.EFER_LMA;
        if (cpu.control.conflict(cr0, area.load(SaveArea.CR3, 8), cr4, known) != null
                || area.load(SaveArea.DR6, 8) >>> 32 != 0 || area.load(SaveArea.DR7, 8) >>> 32 != 0) {
            return false;
        }
        int code = (int) area.load(SaveArea.segment(CS) + SaveArea.ATTRIBUTES, 2);
        boolean longMode = ia32e && (code & Segments.L) != 0;
        return (!ia32e || (area.load(SaveArea.RFLAGS, 8) & Flags.VM) == 0)
                && (!longMode || (code & Segments.D) == 0 && cpu.system.canonicalBase(area.load(SaveArea.RIP, 8)));
    }

    private static boolean isIa32e(long cr0, long efer) {
        return (cr0 & ControlBits.CR0_PG) != 0 && (efer & ControlBits.EFER_LME) != 0;
    }

    /// A linear address as registers of the processor hold it.
    private long linear(long address) {
        int unused = Long.SIZE - cpu.cpuid.linearAddressBits();
        return (cpu.efer & ControlBits.EFER_LMA) != 0 ? address << unused >> unused : address & 0xffff_ffffL;
    }

    // ---- loading ----

    /// @return false if the PDPTEs of PAE paging are invalid
    boolean restore(SaveArea area) {
        for (int n = 0; n < 16; n++) {
            cpu.reg64(n, area.load(SaveArea.general(n), 8));
        }
        restoreControl(area);
        for (int n = 0; n < Segments.COUNT; n++) {
            restoreSegment(area, n);
        }
        cpu.tables.gdtLimit = (int) area.load(SaveArea.GDTR + SaveArea.LIMIT, 2);
        cpu.tables.gdtBase = linear(area.load(SaveArea.GDTR + SaveArea.BASE, 8));
        cpu.tables.idtLimit = (int) area.load(SaveArea.IDTR + SaveArea.LIMIT, 2);
        cpu.tables.idtBase = linear(area.load(SaveArea.IDTR + SaveArea.BASE, 8));
        cpu.shadowStack.pointer(linear(area.load(SaveArea.SSP, 8)));
        long flags = area.load(SaveArea.RFLAGS, 8) & RFLAGS;
        cpu.arithmeticFlags((int) flags);
        cpu.systemFlags((int) flags & ~Flags.ARITHMETIC | 2);
        cpu.cpl = cpl(area, (flags & Flags.VM) != 0);
        long rip = area.load(SaveArea.RIP, 8);
        boolean longMode = (cpu.efer & ControlBits.EFER_LMA) != 0 && (cpu.segments.attributes[CS] & Segments.L) != 0;
        cpu.rip(longMode ? rip : rip & 0xffff_ffffL);
        io.restore(area);
        return cpu.mmu.resumePaging();
    }

    private void restoreControl(SaveArea area) {
        cpu.cr0 = ControlRegisters.held(area.load(SaveArea.CR0, 8));
        cpu.cr3 = area.load(SaveArea.CR3, 8);
        cpu.cr4 = area.load(SaveArea.CR4, 8);
        long efer = area.load(SaveArea.EFER, 8) & ~ControlBits.EFER_LMA;
        cpu.efer = isIa32e(cpu.cr0, efer) ? efer | ControlBits.EFER_LMA : efer;
        cpu.debug.write(6, area.load(SaveArea.DR6, 8));
        cpu.debug.write(7, area.load(SaveArea.DR7, 8));
    }

    private int cpl(SaveArea area, boolean virtual8086) {
        if ((cpu.cr0 & ControlBits.CR0_PE) == 0) {
            return 0;
        }
        long stack = area.load(SaveArea.segment(SS) + SaveArea.ATTRIBUTES, 2);
        return virtual8086 ? 3 : (int) stack >> Segments.DPL_SHIFT & 3;
    }

    private void restoreSegment(SaveArea area, int n) {
        int at = SaveArea.segment(n);
        int attributes = (int) area.load(at + SaveArea.ATTRIBUTES, 2) & ATTRIBUTES;
        boolean none = n != CS && (attributes & Segments.PRESENT) == 0;
        cpu.segments.selector[n] = (int) area.load(at, 2);
        cpu.segments.attributes[n] = none ? attributes | Segments.NULL : attributes;
        cpu.segments.limit[n] = (int) area.load(at + SaveArea.LIMIT, 4);
        cpu.segments.base[n] = linear(area.load(at + SaveArea.BASE, 8));
    }
}
