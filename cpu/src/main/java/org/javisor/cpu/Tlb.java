// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;

/// Translations as one kind of access sees them (user, supervisor, ...): a direct-mapped table of pages.
///
/// ```
///   0 READ    page address if reads may go straight to the host's memory, else EMPTY
///   8 WRITE   as READ; page address | NOTIFY if writes are permitted but somebody must hear of them
///  16 EXEC    page address if instructions may be fetched (and `code` says from where), else EMPTY
///  24 ADDEND  host virtual address - linear address
/// ```
/// The table is off-heap, for emitted code; what only slow paths need is beside it on the heap.
final class Tlb {
    static final int READ = 0, WRITE = 8, EXEC = 16, ADDEND = 24;
    static final int ENTRY_SHIFT = 5;
    static final int ENTRIES = 4096;
    static final int BYTES = ENTRIES << ENTRY_SHIFT;
    /// `gva >>> INDEX_SHIFT & INDEX_MASK` is the offset of the entry for `gva`.
    static final int INDEX_SHIFT = 12 - ENTRY_SHIFT;
    static final long INDEX_MASK = BYTES - 1 & -(1 << ENTRY_SHIFT);
    /// A tag that no page address equals.
    static final long EMPTY = -1;
    static final long NOTIFY = 1;
    private static final long PAGE = -4096;
    /// 1 GiB.
    private static final int LARGEST_PAGE_SHIFT = 30;

    // Low bits of `gpas`.
    private static final long GLOBAL = 1, SHIFT_POSITION = 1, SHIFT_BITS = 0x3f << SHIFT_POSITION;

    /// Host address of the table.
    final long table;
    /// By entry: the page's guest-physical address, the size of the page it is part of, and whether that is global.
    private final long[] gpas = new long[ENTRIES];
    /// By entry: where instructions come from, if EXEC is not EMPTY.
    private final CodePage[] code = new CodePage[ENTRIES];
    final JumpCache jumps = new JumpCache();
    /// The entries that may not be empty; beyond its length everything has to be swept.
    private final short[] filled = new short[ENTRIES / 8];
    private int filledCount;
    private boolean holdsLargePages;
    /// The same as [#jumps] for translated code.
    final EntryCache entries;

    Tlb(long table, EntryCache entries) {
        this.table = table;
        this.entries = entries;
        HostMemory.fill(table, BYTES, (byte) EMPTY);
    }

    static long offset(long gva) {
        return gva >>> INDEX_SHIFT & INDEX_MASK;
    }

    private static int index(long gva) {
        return (int) (gva >>> 12) & ENTRIES - 1;
    }

    boolean readable(long gva) {
        return HostMemory.loadLong(table + offset(gva) + READ) == (gva & PAGE);
    }

    /// Whether writes are permitted, be it with notice.
    boolean writable(long gva) {
        return (HostMemory.loadLong(table + offset(gva) + WRITE) & ~NOTIFY) == (gva & PAGE);
    }

    boolean mustNotify(long gva) {
        return (HostMemory.loadLong(table + offset(gva) + WRITE) & NOTIFY) != 0;
    }

    void writeDirectly(long gva) {
        HostMemory.storeLong(table + offset(gva) + WRITE, gva & PAGE);
    }

    boolean executable(long gva) {
        return HostMemory.loadLong(table + offset(gva) + EXEC) == (gva & PAGE);
    }

    long hva(long gva) {
        return gva + HostMemory.loadLong(table + offset(gva) + ADDEND);
    }

    /// Guest-physical address of a `gva` that is readable, writable or executable.
    long gpa(long gva) {
        return gpas[index(gva)] & PAGE | gva & ~PAGE;
    }

    CodePage code(long gva) {
        return code[index(gva)];
    }

    /// Begins to describe the page of `gva`, which is at `gpa` and `hva`: nothing is permitted yet.
    void fill(long gva, long gpa, long hva, int pageShift, boolean global) {
        int index = index(gva);
        long entry = table + offset(gva);
        if (isEmpty(entry)) {
            if (filledCount < filled.length) {
                filled[filledCount] = (short) index;
            }
            filledCount++;
        }
        clear(entry);
        HostMemory.storeLong(entry + ADDEND, hva - gva);
        gpas[index] = gpa & PAGE | (long) pageShift << SHIFT_POSITION | (global ? GLOBAL : 0);
        holdsLargePages |= pageShift > 12;
    }

    private static boolean isEmpty(long entry) {
        return (HostMemory.loadLong(entry + READ) & HostMemory.loadLong(entry + WRITE)
                & HostMemory.loadLong(entry + EXEC)) == EMPTY;
    }

    private static void clear(long entry) {
        HostMemory.storeLong(entry + READ, EMPTY);
        HostMemory.storeLong(entry + WRITE, EMPTY);
        HostMemory.storeLong(entry + EXEC, EMPTY);
    }

    void permitRead(long gva) {
        HostMemory.storeLong(table + offset(gva) + READ, gva & PAGE);
    }

    void permitWrite(long gva, boolean notify) {
        HostMemory.storeLong(table + offset(gva) + WRITE, gva & PAGE | (notify ? NOTIFY : 0));
    }

    void permitExecute(long gva, CodePage page) {
        code[index(gva)] = page;
        HostMemory.storeLong(table + offset(gva) + EXEC, gva & PAGE);
    }

    // ---- forgetting ----

    void flush() {
        jumps.clear();
        entries.clear();
        if (filledCount > filled.length) {
            HostMemory.fill(table, BYTES, (byte) EMPTY);
        } else {
            for (int i = 0; i < filledCount; i++) {
                clear(table + ((long) filled[i] << ENTRY_SHIFT));
            }
        }
        filledCount = 0;
        holdsLargePages = false;
    }

    void flushNonGlobal() {
        jumps.clear();
        entries.clear();
        if (filledCount > filled.length) {
            flush();
            return;
        }
        int kept = 0;
        for (int i = 0; i < filledCount; i++) {
            short index = filled[i];
            if ((gpas[index] & GLOBAL) != 0) {
                filled[kept++] = index;
            } else {
                clear(table + ((long) index << ENTRY_SHIFT));
            }
        }
        filledCount = kept;
    }

    /// Forgets the page of `gva`, however large it is, if it is one of those: global, not global.
    void invalidate(long gva, boolean global, boolean nonGlobal) {
        jumps.clear();
        entries.forget(gva, holdsLargePages ? LARGEST_PAGE_SHIFT : 12);
        if (!holdsLargePages) {
            invalidate(index(gva), gva, global, nonGlobal);
        } else if (filledCount > filled.length) {
            flush();
        } else {
            for (int i = 0; i < filledCount; i++) {
                invalidate(filled[i], gva, global, nonGlobal);
            }
        }
    }

    private void invalidate(int index, long gva, boolean global, boolean nonGlobal) {
        boolean concerned = (gpas[index] & GLOBAL) != 0 ? global : nonGlobal;
        if (concerned && holds(index, gva)) {
            clear(table + ((long) index << ENTRY_SHIFT));
        }
    }

    /// Whether entry `index` describes a part of the page that `gva` is in.
    private boolean holds(int index, long gva) {
        long entry = table + ((long) index << ENTRY_SHIFT);
        int shift = (int) (gpas[index] & SHIFT_BITS) >>> SHIFT_POSITION;
        return samePage(HostMemory.loadLong(entry + READ), gva, shift)
                || samePage(HostMemory.loadLong(entry + WRITE) & ~NOTIFY, gva, shift)
                || samePage(HostMemory.loadLong(entry + EXEC), gva, shift);
    }

    private static boolean samePage(long tag, long gva, int shift) {
        return tag != EMPTY && tag != (EMPTY & ~NOTIFY) && (tag ^ gva) >>> shift == 0;
    }

    /// Lets no write go straight to memory any more without a look at whether it still may.
    void writeProtect() {
        int count = filledCount > filled.length ? ENTRIES : filledCount;
        for (int i = 0; i < count; i++) {
            int index = count == ENTRIES ? i : filled[i];
            long at = table + ((long) index << ENTRY_SHIFT) + WRITE;
            HostMemory.storeLong(at, HostMemory.loadLong(at) | NOTIFY);
        }
    }
}
