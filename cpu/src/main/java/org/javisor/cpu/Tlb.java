// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;

/// Translations as one kind of access sees them (user, supervisor, ...): a direct-mapped table of pages.
///
/// ```
///   0 READ    page address if reads may go straight to the host's memory, else empty
///   8 WRITE   as READ; page address ^ NOTIFY if writes are permitted but somebody must hear of them
///  16 HOST    host virtual address of the page
///  24 ADDEND  HOST - page address
/// ```
/// The table is off-heap, for emitted code, and so is what that has to change with it, in two more tables:
///
/// ```
/// EXECUTABLE  by entry: page address | FETCHABLE, | KNOWN if [#code] tells where it comes from; where no memory is
///             behind the page, page address | DEVICE, | DEVICE_WRITABLE if writes are permitted; else 0
/// GPAS        by entry: guest-physical address of the page, | GLOBAL, | size of the page it is part of, | key
/// ENTERED     a bit for each entry that emitted code has filled, till [#gather]; then one for each word with such bits
/// ```
///
/// A tag matches an address if they differ in no bit above the page's offset. Emitted code finds out by an exclusive
/// or with the address, which leaves the offset, so it cannot see the lower bits of a tag: what must not match has an
/// index other than its entry's. No address that is looked up in an entry has that index, nor has the last byte of an
/// access that begins there and reaches into the next page: NOTIFY flips the index's highest bit. An empty tag is 0,
/// as memory is to begin with, so that parts of the table that are not used cost nothing; and in the few entries
/// where that would be an address that is looked up there, no page address at all.
final class Tlb {
    static final int READ = 0, WRITE = 8, HOST = 16, ADDEND = 24;
    static final int ENTRY_SHIFT = 5;
    static final int ENTRIES = 16_384;
    private static final int TABLE_BYTES = ENTRIES << ENTRY_SHIFT;
    static final int EXECUTABLE = TABLE_BYTES, GPAS = EXECUTABLE + 8 * ENTRIES;
    static final int ENTERED = GPAS + 8 * ENTRIES, ENTERED_WORDS = ENTERED + ENTRIES / 8, BYTES = ENTERED + 4096;
    /// `gva >>> INDEX_SHIFT & INDEX_MASK` is the offset of the entry for `gva`.
    static final int INDEX_SHIFT = 12 - ENTRY_SHIFT;
    static final long INDEX_MASK = TABLE_BYTES - 1 & -(1 << ENTRY_SHIFT);
    static final long NOTIFY = (long) ENTRIES / 2 << 12;
    /// An empty tag where 0 is none: in the entry of address 0, in that whose pages NOTIFY has look like it, and in
    /// that from which an access may reach address 0.
    static final long NOT_A_PAGE = (long) ENTRIES / 4 << 12 | 1;
    static final int FIRST = 0, MIDDLE = ENTRIES / 2, LAST = ENTRIES - 1;
    private static final long PAGE = -4096;
    /// Large pages have 2 or 4 MiB, huge ones 1 GiB.
    private static final int SMALL_PAGE_SHIFT = 12, LARGE_PAGE_SHIFT = 22, HUGE_PAGE_SHIFT = 30;

    // Low bits of GPAS.
    static final int GLOBAL = 1, SHIFT_POSITION = 1;
    private static final long SHIFT_BITS = 0x3f << SHIFT_POSITION,
            SMALL = (long) SMALL_PAGE_SHIFT << SHIFT_POSITION;
    private static final int KEY_POSITION = 7, KEY_BITS = 15;

    // Low bits of EXECUTABLE.
    static final int FETCHABLE = 1;
    private static final long DEVICE = 2, DEVICE_WRITABLE = 4, KNOWN = 8;

    /// Host address of the table.
    final long table;
    /// Host address of EXECUTABLE and GPAS.
    private final long executable, gpas;
    private final PageMarks marks;
    /// By entry: where code comes from, once that is known.
    private final CodePage[] code = new CodePage[ENTRIES];
    /// The entries that may not be empty.
    private final IndexSet filled = new IndexSet(ENTRIES);
    /// Where pages may be larger than others.
    private final PageFilter large = new PageFilter(LARGE_PAGE_SHIFT), huge = new PageFilter(HUGE_PAGE_SHIFT);
    /// The protection keys that pages may have, a bit each.
    private int keys;
    /// What has been found in pages of code; other tables may share it.
    final CodeEntries codeEntries;

    Tlb(long table, CodeEntries codeEntries, PageMarks marks) {
        this.table = table;
        this.executable = table + EXECUTABLE;
        this.gpas = table + GPAS;
        this.marks = marks;
        this.codeEntries = codeEntries;
        clear(FIRST);
        clear(MIDDLE);
        clear(LAST);
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
        return ((HostMemory.loadLong(table + offset(gva) + WRITE) ^ gva & PAGE) & ~NOTIFY) == 0;
    }

    /// Whether writes are permitted without notice.
    boolean writableDirectly(long gva) {
        return HostMemory.loadLong(table + offset(gva) + WRITE) == (gva & PAGE);
    }

    boolean mustNotify(long gva) {
        return (HostMemory.loadLong(table + offset(gva) + WRITE) ^ gva & PAGE) == NOTIFY;
    }

    void writeDirectly(long gva) {
        HostMemory.storeLong(table + offset(gva) + WRITE, gva & PAGE);
    }

    boolean executable(long gva) {
        return (tag(index(gva)) & ~KNOWN) == (gva & PAGE | FETCHABLE);
    }

    /// Whether an access is permitted to a page that no memory is behind; then [#gpa] is where it goes.
    boolean device(long gva, boolean write) {
        long tag = tag(index(gva));
        return tag == (gva & PAGE | DEVICE | DEVICE_WRITABLE) || !write && tag == (gva & PAGE | DEVICE);
    }

    long hva(long gva) {
        return gva + HostMemory.loadLong(table + offset(gva) + ADDEND);
    }

    /// Guest-physical address of a `gva` that is readable, writable, executable or a device's.
    long gpa(long gva) {
        return place(index(gva)) & PAGE | gva & ~PAGE;
    }

    CodePage code(long gva) {
        int index = index(gva);
        return (tag(index) & KNOWN) == 0 ? null : code[index];
    }

    private long tag(int index) {
        return HostMemory.loadLong(executable + 8L * index);
    }

    private void tag(int index, long tag) {
        HostMemory.storeLong(executable + 8L * index, tag);
    }

    private long place(int index) {
        return HostMemory.loadLong(gpas + 8L * index);
    }

    /// Begins to describe the page of `gva`, which is at `gpa` and `hva`: nothing is permitted yet.
    void fill(long gva, long gpa, long hva, int pageShift, boolean global, int key) {
        int index = index(gva);
        filled.add(index);
        clear(index);
        long entry = entry(index);
        HostMemory.storeLong(entry + HOST, hva - (gva & ~PAGE));
        HostMemory.storeLong(entry + ADDEND, hva - gva);
        HostMemory.storeLong(gpas + 8L * index, gpa & PAGE | (long) pageShift << SHIFT_POSITION
                | (global ? GLOBAL : 0) | (long) key << KEY_POSITION);
        keys |= 1 << key;
        if (pageShift > SMALL_PAGE_SHIFT) {
            boolean isHuge = pageShift > LARGE_PAGE_SHIFT;
            (isHuge ? huge : large).add(gva, index);
            marks.add(isHuge ? PageMarks.HUGE : PageMarks.LARGE, gva);
        }
    }

    /// Takes note of what emitted code has entered: parts of pages with key 0.
    ///
    /// @param keep whether it stays
    void gather(boolean keep) {
        for (int word = 0; word < ENTRIES / Long.SIZE; word += Long.SIZE) {
            long at = table + ENTERED_WORDS + word / 8;
            long words = HostMemory.loadLong(at);
            HostMemory.storeLong(at, 0);
            for (; words != 0; words &= words - 1) {
                gather(word + Long.numberOfTrailingZeros(words), keep);
            }
        }
    }

    private void gather(int word, boolean keep) {
        long at = table + ENTERED + 8L * word;
        for (long bits = HostMemory.loadLong(at); bits != 0; bits &= bits - 1) {
            int index = word * Long.SIZE + Long.numberOfTrailingZeros(bits);
            if (keep) {
                entered(index);
            } else {
                clear(index);
                filled.remove(index);
            }
        }
        HostMemory.storeLong(at, 0);
    }

    private void entered(int index) {
        long gva = HostMemory.loadLong(entry(index) + READ);
        filled.add(index);
        keys |= 1;
        if ((place(index) & SHIFT_BITS) != SMALL && gva != empty(index)) {
            large.add(gva, index);
            marks.add(PageMarks.LARGE, gva);
        }
    }

    /// Whether the page of a `gva` that is executable is global.
    boolean global(long gva) {
        return executable(gva) && (place(index(gva)) & GLOBAL) != 0;
    }

    private long entry(int index) {
        return table + ((long) index << ENTRY_SHIFT);
    }

    private static long empty(int index) {
        return index == FIRST || index == MIDDLE || index == LAST ? NOT_A_PAGE : 0;
    }

    private void clear(int index) {
        long entry = entry(index);
        HostMemory.storeLong(entry + READ, empty(index));
        HostMemory.storeLong(entry + WRITE, empty(index));
        tag(index, 0);
    }

    void permitRead(long gva) {
        HostMemory.storeLong(table + offset(gva) + READ, gva & PAGE);
    }

    void permitWrite(long gva, boolean notify) {
        HostMemory.storeLong(table + offset(gva) + WRITE, gva & PAGE ^ (notify ? NOTIFY : 0));
    }

    void permitExecute(long gva, CodePage page) {
        code[index(gva)] = page;
        tag(index(gva), gva & PAGE | FETCHABLE | (page == null ? 0 : KNOWN));
    }

    /// Permits reads, and perhaps writes, of a page that no memory is behind.
    void permitDevice(long gva, boolean writes) {
        tag(index(gva), gva & PAGE | DEVICE | (writes ? DEVICE_WRITABLE : 0));
    }

    // ---- forgetting ----

    void flush() {
        codeEntries.clear();
        for (int i = filled.first(); i >= 0; i = filled.next(i)) {
            clear(i);
        }
        filled.clear();
        large.clear();
        huge.clear();
        keys = 0;
    }

    void flushNonGlobal() {
        codeEntries.clearNonGlobal();
        for (int i = filled.first(); i >= 0; i = filled.next(i)) {
            if ((place(i) & GLOBAL) == 0) {
                clear(i);
                filled.remove(i);
            }
        }
    }

    /// Forgets the pages with these protection keys, a bit each.
    void forgetKeys(int forgotten) {
        if ((keys & forgotten) != 0) {
            for (int i = filled.first(); i >= 0; i = filled.next(i)) {
                if ((forgotten >>> (place(i) >>> KEY_POSITION & KEY_BITS) & 1) != 0) {
                    clear(i);
                    filled.remove(i);
                }
            }
            keys &= ~forgotten;
        }
    }

    /// Forgets the page of `gva`, however large it is, if it is one of those: global, not global.
    void invalidate(long gva, boolean global, boolean nonGlobal) {
        boolean mayBeHuge = huge.mayContain(gva);
        if (!mayBeHuge && !large.mayContain(gva)) {
            codeEntries.forget(gva, SMALL_PAGE_SHIFT);
            invalidate(index(gva), gva, global, nonGlobal);
        } else {
            int shift = mayBeHuge ? HUGE_PAGE_SHIFT : LARGE_PAGE_SHIFT;
            codeEntries.forget(gva, shift);
            invalidate(index(gva), gva, global, nonGlobal);
            PageFilter filter = mayBeHuge ? huge : large;
            if (!invalidateParts(filter.lowest(gva), filter.highest(gva), gva, shift, global, nonGlobal)) {
                filter.remove(gva);
            }
        }
    }

    /// Forgets what is between two entries, these included, of a page of `1 << shift` bytes at most that is not small.
    ///
    /// @return whether anything is left
    private boolean invalidateParts(int first, int last, long gva, int shift, boolean global, boolean nonGlobal) {
        boolean stays = false;
        for (int i = filled.from(first); i >= 0 && i <= last; i = filled.next(i)) {
            if ((place(i) & SHIFT_BITS) != SMALL) {
                invalidate(i, gva, global, nonGlobal);
                stays |= holds(i, gva, shift);
            }
        }
        return stays;
    }

    private void invalidate(int index, long gva, boolean global, boolean nonGlobal) {
        boolean concerned = (place(index) & GLOBAL) != 0 ? global : nonGlobal;
        if (concerned && holds(index, gva)) {
            clear(index);
            filled.remove(index);
        }
    }

    /// Whether entry `index` describes a part of the page that `gva` is in.
    private boolean holds(int index, long gva) {
        return holds(index, gva, (int) (place(index) & SHIFT_BITS) >>> SHIFT_POSITION);
    }

    /// Whether it describes a part of the aligned `1 << shift` bytes that `gva` is in.
    private boolean holds(int index, long gva, int shift) {
        long entry = entry(index);
        long write = HostMemory.loadLong(entry + WRITE), empty = empty(index);
        return samePage(HostMemory.loadLong(entry + READ), empty, gva, shift)
                || samePage(write, empty, gva, shift) || samePage(write ^ NOTIFY, empty ^ NOTIFY, gva, shift)
                || samePage(tag(index), 0, gva, shift);
    }

    private static boolean samePage(long tag, long empty, long gva, int shift) {
        return tag != empty && (tag ^ gva) >>> shift == 0;
    }

    /// Whether it may hold a part of a large page, or of a huge one, with the index of a mark of `gva`.
    boolean mayBeMarked(int kind, long gva) {
        return (kind == PageMarks.HUGE ? huge : large).mayHaveLike(gva);
    }

    /// Lets no write go straight to memory any more without a look at whether it still may.
    void writeProtect() {
        for (int index = filled.first(); index >= 0; index = filled.next(index)) {
            writeProtect(index);
        }
    }

    /// The same for the page at `gpa` alone.
    void writeProtect(long gpa) {
        for (int index = filled.first(); index >= 0; index = filled.next(index)) {
            if ((place(index) & PAGE) == gpa) {
                writeProtect(index);
            }
        }
    }

    private void writeProtect(int index) {
        long at = entry(index) + WRITE;
        long tag = HostMemory.loadLong(at);
        if (tag != empty(index)) {
            HostMemory.storeLong(at, tag & ~NOTIFY | ~((long) index << 12) & NOTIFY);
        }
    }
}
