// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;

/// Where translated code finds the host code for an instruction pointer that it computed: a direct-mapped table beside
/// each [Tlb], because what RIP means depends on the translations and the privilege.
///
/// ```
///   0 TAG     RIP
///   8 ENTRY   host address of the block's code
/// ```
/// An empty entry has a tag that belongs into another one, so that no RIP finds it.
final class EntryCache {
    static final int TAG = 0, ENTRY = 8;
    static final int ENTRY_SHIFT = 4;
    /// The index is the lowest bits of RIP and the next ones, xored: functions begin at multiples of 16.
    static final int INDEX_BITS = 11;
    static final int ENTRIES = 1 << INDEX_BITS;
    static final int BYTES = ENTRIES << ENTRY_SHIFT;

    /// Host address of the table.
    final long table;
    private boolean prepared;
    private boolean filled;

    EntryCache(long table) {
        this.table = table;
    }

    void enter(long rip, long entry) {
        long at = table + (((rip ^ rip >>> INDEX_BITS) & ENTRIES - 1) << ENTRY_SHIFT);
        HostMemory.storeLong(at + TAG, rip);
        HostMemory.storeLong(at + ENTRY, entry);
        filled = true;
    }

    /// To be called before translated code looks here: zeroed memory has an entry for RIP 0.
    void prepare() {
        if (!prepared) {
            prepared = true;
            filled = true;
            clear();
        }
    }

    /// Forgets what is in the same aligned `1 << shift` bytes as `gva`.
    void forget(long gva, int shift) {
        if (!filled) {
            return;
        }
        for (int i = 0; i < ENTRIES; i++) {
            long at = table + ((long) i << ENTRY_SHIFT) + TAG;
            if ((HostMemory.loadLong(at) ^ gva) >>> shift == 0) {
                HostMemory.storeLong(at, i ^ 1);
            }
        }
    }

    void clear() {
        if (filled) {
            filled = false;
            for (int i = 0; i < ENTRIES; i++) {
                HostMemory.storeLong(table + ((long) i << ENTRY_SHIFT) + TAG, i ^ 1);
            }
        }
    }
}
