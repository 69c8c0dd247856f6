// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.boot;

import org.javisor.memory.GuestMemory;

/// The descriptor and page tables that a kernel finds at its entry, in low memory that it may reuse.
public final class BootTables {
    /// Selectors of the flat code and data segments: the ones Linux calls `__BOOT_CS` and `__BOOT_DS`.
    public static final int CODE_SELECTOR = 0x10, DATA_SELECTOR = 0x18;
    /// The last byte of the GDT.
    public static final int GDT_LIMIT = 4 * 8 - 1;

    static final long GDT = 0x500;
    static final long PML4 = 0x9000;
    private static final long PDPT = PML4 + 0x1000, PAGE_DIRECTORIES = PDPT + 0x1000;
    private static final int GIBIBYTES = 4;

    private static final long PRESENT_WRITABLE = 3, LARGE_PAGE = 1 << 7;
    // Base 0, limit 4 GiB, present, DPL 0, accessed; L or D as the mode wants.
    private static final long CODE_32 = 0x00cf_9b00_0000_ffffL, CODE_64 = 0x00af_9b00_0000_ffffL,
            DATA = 0x00cf_9300_0000_ffffL;

    private BootTables() { }

    static void writeGdt(GuestMemory memory, boolean longMode) {
        memory.storeLong(GDT, 0);
        memory.storeLong(GDT + 8, 0);
        memory.storeLong(GDT + CODE_SELECTOR, longMode ? CODE_64 : CODE_32);
        memory.storeLong(GDT + DATA_SELECTOR, DATA);
    }

    /// Maps the first 4 GiB one to one, in 2 MiB pages.
    static void writePageTables(GuestMemory memory) {
        memory.storeLong(PML4, PDPT | PRESENT_WRITABLE);
        for (int gibibyte = 0; gibibyte < GIBIBYTES; gibibyte++) {
            memory.storeLong(PDPT + 8L * gibibyte, PAGE_DIRECTORIES + 0x1000L * gibibyte | PRESENT_WRITABLE);
        }
        for (int page = 0; page < 512 * GIBIBYTES; page++) {
            memory.storeLong(PAGE_DIRECTORIES + 8L * page, (long) page << 21 | LARGE_PAGE | PRESENT_WRITABLE);
        }
    }
}
