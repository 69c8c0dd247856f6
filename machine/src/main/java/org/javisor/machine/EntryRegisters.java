// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import org.javisor.machine.boot.BootTables;
import org.javisor.machine.boot.EntryState;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Registers.Paging;
import org.javisor.vmm.Registers.Segment;

/// Puts a processor into the state in which a boot protocol enters a kernel.
final class EntryRegisters {
    private static final long CR0_PE = 1, CR0_ET = 1 << 4, CR0_NE = 1 << 5, CR0_PG = 1L << 31;
    private static final long CR4_PAE = 1 << 5;
    private static final long EFER_LME = 1 << 8, EFER_LMA = 1 << 10;
    private static final long RFLAGS_RESERVED = 2;

    // Attributes as in Registers.Segment: present, DPL 0, accessed, 4 KiB granular; code execute/read, data read/write.
    private static final int CODE_32 = 0xc09b, CODE_64 = 0xa09b, DATA = 0xc093, TSS_BUSY = 0x008b, LDT = 0x0082;

    private EntryRegisters() { }

    static void apply(EntryState entry, Registers registers) {
        registers.rflags(RFLAGS_RESERVED);
        for (int number = 0; number < 16; number++) {
            registers.general(number, 0);
        }
        registers.general(Registers.RAX, entry.rax());
        registers.general(Registers.RBX, entry.rbx());
        registers.general(Registers.RSI, entry.rsi());
        registers.general(Registers.RSP, entry.rsp());
        switch (entry.mode()) {
            case REAL -> enterRealMode(entry, registers);
            case PROTECTED -> enterProtectedMode(entry, registers, CODE_32,
                    new Paging(CR0_PE | CR0_ET | CR0_NE, 0, 0, 0));
            case LONG -> enterProtectedMode(entry, registers, CODE_64, new Paging(CR0_PE | CR0_ET | CR0_NE | CR0_PG,
                    entry.cr3(), CR4_PAE, EFER_LME | EFER_LMA));
        }
    }

    private static void enterRealMode(EntryState entry, Registers registers) {
        registers.realMode((int) entry.rip() & 0xf);
        registers.segment(Registers.CS, Segment.realMode((int) (entry.rip() >>> 4)));
    }

    private static void enterProtectedMode(EntryState entry, Registers registers, int code, Paging paging) {
        registers.paging(paging);
        registers.gdt(entry.gdt(), BootTables.GDT_LIMIT);
        registers.segment(Registers.CS, new Segment(BootTables.CODE_SELECTOR, 0, -1, code));
        for (int number : new int[] {Registers.ES, Registers.SS, Registers.DS, Registers.FS, Registers.GS}) {
            registers.segment(number, new Segment(BootTables.DATA_SELECTOR, 0, -1, DATA));
        }
        registers.segment(Registers.LDTR, new Segment(0, 0, 0xffff, LDT));
        registers.segment(Registers.TR, new Segment(0, 0, 0xffff, TSS_BUSY));
        registers.rip(entry.rip());
    }
}
