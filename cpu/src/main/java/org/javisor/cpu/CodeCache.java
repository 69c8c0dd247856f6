// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.lang.invoke.VarHandle;
import org.javisor.memory.GuestMemory;

/// The decoded pages of a machine's memory, by guest-physical address. Lookups take no lock.
///
/// When it has grown to the share of the heap it may have, everything is forgotten and decoded anew: a guest cannot
/// make it grow without bound.
final class CodeCache {
    /// About what one decoded instruction takes on the heap.
    private static final int BYTES_PER_INSTRUCTION = 200;

    /// How many decoded instructions there may be.
    long maxInstructions = Runtime.getRuntime().maxMemory() / 3 / BYTES_PER_INSTRUCTION;

    private final CpuGroup group;
    private final GuestMemory memory;
    /// Open-addressed by frame number, a power of two long and at most half full.
    private volatile CodePage[] table = new CodePage[256];
    private int count;
    /// Approximate: updated without a lock.
    private long instructions;

    /// @param memory whose slots the pages are in
    CodeCache(CpuGroup group, GuestMemory memory) {
        this.group = group;
        this.memory = memory;
    }

    private static int hash(long gpa) {
        return (int) (gpa >>> GuestMemory.PAGE_SHIFT) * 0x9e37_79b1 >>> 8;
    }

    private static CodePage find(CodePage[] pages, long gpa) {
        int mask = pages.length - 1;
        for (int i = hash(gpa) & mask; ; i = i + 1 & mask) {
            CodePage page = pages[i];
            if (page == null || page.gpa == gpa) {
                return page;
            }
        }
    }

    /// The decoded page at `gpa`, a page's address; made if there is none.
    CodePage page(long gpa) {
        CodePage page = find(table, gpa);
        return page != null ? page : add(gpa);
    }

    private synchronized CodePage add(long gpa) {
        CodePage page = find(table, gpa);
        if (page == null) {
            page = new CodePage(memory, gpa);
            CodePage[] pages = 2 * (count + 1) > table.length ? grown() : table;
            insert(pages, page);
            count++;
            VarHandle.releaseFence();
            table = pages;
        }
        return page;
    }

    private CodePage[] grown() {
        CodePage[] pages = new CodePage[table.length * 2];
        for (CodePage page : table) {
            if (page != null) {
                insert(pages, page);
            }
        }
        return pages;
    }

    private static void insert(CodePage[] pages, CodePage page) {
        int mask = pages.length - 1;
        int i = hash(page.gpa) & mask;
        while (pages[i] != null) {
            i = i + 1 & mask;
        }
        pages[i] = page;
    }

    /// Drops the blocks that a write, within one page, has changed.
    ///
    /// @return whether there were any
    boolean written(long gpa, int bytes) {
        CodePage page = find(table, gpa & -GuestMemory.PAGE_BYTES);
        return page != null && page.written((int) gpa & GuestMemory.PAGE_BYTES - 1, bytes, group);
    }

    /// Counts decoded instructions, and starts over when there are too many.
    void decoded(int newInstructions) {
        instructions += newInstructions;
        if (instructions > maxInstructions) {
            clear();
        }
    }

    /// Forgets every block. Pages stay, and processors may keep references to them.
    void clear() {
        instructions = 0;
        for (CodePage page : table) {
            if (page != null) {
                page.clear(group);
            }
        }
    }
}
