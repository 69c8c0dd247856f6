// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// What is at an instruction pointer, as long as its page is mapped as it was: the block ([JumpCache]), and its host
/// code ([EntryCache]).
///
/// User mode has one for each address space. The kernel's is the same in all of them, because its code is in global
/// pages, which are the same everywhere; what it holds of other pages goes at each switch.
final class CodeEntries {
    static final int BYTES = EntryCache.BYTES;
    private static final int SMALL_PAGE_SHIFT = 12;

    final JumpCache jumps = new JumpCache();
    final EntryCache entries;
    private final PageFilter pages = new PageFilter(SMALL_PAGE_SHIFT);
    /// Whether there may be something of a page that is not global.
    private boolean local;

    /// @param table host address of [#BYTES] bytes
    CodeEntries(long table) {
        entries = new EntryCache(table);
    }

    /// @param global whether the page of `rip` is
    void put(long rip, Block block, boolean global) {
        added(rip, global);
        jumps.put(rip, block, global);
    }

    /// Enters the host code of a block that was found at `rip` just now.
    void enter(long rip, long entry) {
        added(rip, jumps.isGlobal(rip));
        entries.enter(rip, entry);
    }

    private void added(long rip, boolean global) {
        pages.add(rip);
        local |= !global;
    }

    void clear() {
        jumps.clear();
        entries.clear();
        pages.clear();
        local = false;
    }

    void clearNonGlobal() {
        if (local) {
            clear();
        }
    }

    /// Forgets the aligned `1 << shift` bytes that `gva` is in.
    void forget(long gva, int shift) {
        if (shift != SMALL_PAGE_SHIFT || pages.mayContain(gva)) {
            jumps.forget(gva, shift);
            entries.forget(gva, shift);
        }
    }
}
