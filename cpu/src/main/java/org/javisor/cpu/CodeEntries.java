// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.isa.Decoder;

/// What is at an instruction pointer, as long as its page is mapped as it was: the block ([JumpCache]), and its host
/// code ([EntryCache]).
///
/// User mode has one for each address space. The kernel's is the same in all of them, because its code is in global
/// pages, which are the same everywhere; what it holds of other pages goes at each switch.
final class CodeEntries {
    static final int BYTES = EntryCache.BYTES;
    private static final int SMALL_PAGE_SHIFT = 12, LARGE_PAGE_SHIFT = 22;

    final JumpCache jumps = new JumpCache();
    final EntryCache entries;
    private final PageFilter pages = new PageFilter(SMALL_PAGE_SHIFT), large = new PageFilter(LARGE_PAGE_SHIFT);
    /// Whether there may be something of a page that is not global.
    private boolean local;
    /// Whether there may be an instruction in two pages.
    private boolean across;
    /// Bit 0: there may be something of the lower half of addresses, bit 1: of the upper one. Programs and kernels keep
    /// to theirs, so that what is forgotten of one does not have the other's table searched.
    private int halves;
    /// The decode mode of all of it, or 0 for nothing at all.
    private int decodeMode;

    private final PageMarks marks;
    private final FewEntries few = new FewEntries(LARGE_PAGE_SHIFT);

    /// @param table host address of [#BYTES] bytes
    CodeEntries(long table, PageMarks marks) {
        entries = new EntryCache(table);
        this.marks = marks;
    }

    /// Code of a mode is to be executed. What was found for another is forgotten: a RIP does not tell which.
    ///
    /// @return whether that was another mode than before
    boolean use(int mode) {
        if (decodeMode == mode || !InstructionDecoder.isTranslatable(mode)) {
            return false;
        }
        clear();
        decodeMode = mode;
        return true;
    }

    int decodeMode() {
        return decodeMode;
    }

    /// @param global whether the page of `rip` is
    void put(long rip, Block block, boolean global) {
        added(rip, global);
        jumps.put(rip, block, global);
    }

    /// As [#put], of the block of an instruction in two pages: it is forgotten with either.
    ///
    /// @param global whether both are
    void putAcross(long rip, Block block, boolean global) {
        across = true;
        added(CodeFetch.pageBehind(rip), global);
        put(rip, block, global);
    }

    /// Enters the host code of a block that was found at `rip` just now.
    void enter(long rip, long entry) {
        added(rip, jumps.isGlobal(rip));
        entries.enter(rip, entry);
    }

    private void added(long rip, boolean global) {
        few.add(rip, !large.mayContain(rip));
        pages.add(rip);
        large.add(rip);
        marks.add(PageMarks.CODE, rip);
        halves |= half(rip);
        local |= !global;
    }

    private static int half(long gva) {
        return gva < 0 ? 2 : 1;
    }

    void clear() {
        jumps.clear();
        entries.clear();
        pages.clear();
        large.clear();
        few.clear();
        local = false;
        across = false;
        halves = 0;
    }

    void clearNonGlobal() {
        if (local) {
            clear();
        }
    }

    /// Whether there may be something of a page whose mark is that of the page of `gva`.
    boolean mayBeMarked(long gva) {
        return pages.mayHaveLike(gva);
    }

    /// Forgets the aligned `1 << shift` bytes that `gva` is in.
    void forget(long gva, int shift) {
        PageFilter filter = shift == SMALL_PAGE_SHIFT ? pages : shift == LARGE_PAGE_SHIFT ? large : null;
        if ((halves & half(gva)) != 0 && (filter == null || filter.mayContain(gva))) {
            if (shift <= LARGE_PAGE_SHIFT && few.has(gva)) {
                forgetFew(gva, shift);
            } else {
                jumps.forget(gva, shift);
                entries.forget(gva, shift);
            }
            if (across) {
                forgetAcross(gva & -1L << shift);
            }
            if (filter != null) {
                filter.remove(gva);
            }
        }
    }

    /// Forgets the instructions that reach into the page at `gva` from the one before.
    private void forgetAcross(long gva) {
        for (int before = 1; before < Decoder.MAX_BYTES; before++) {
            jumps.remove(gva - before);
            entries.remove(gva - before);
        }
    }

    private void forgetFew(long gva, int shift) {
        for (int n = 0; n < few.count(); n++) {
            long rip = few.rip(n);
            if ((rip ^ gva) >>> shift == 0) {
                jumps.remove(rip);
                entries.remove(rip);
            }
        }
    }
}
