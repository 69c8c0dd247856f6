// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;

/// Where translated code finds the host code for an instruction pointer that it computed: a direct-mapped table. See
/// [CodeEntries].
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
    static final int INDEX_BITS = 13;
    static final int ENTRIES = 1 << INDEX_BITS;
    static final int BYTES = ENTRIES << ENTRY_SHIFT;

    /// Host address of the table.
    final long table;
    private final IndexSet used = new IndexSet(ENTRIES);

    EntryCache(long table) {
        this.table = table;
        for (int i = 0; i < ENTRIES; i++) {
            empty(i);
        }
    }

    private long at(int index) {
        return table + ((long) index << ENTRY_SHIFT);
    }

    private void empty(int index) {
        HostMemory.storeLong(at(index) + TAG, index ^ 1);
    }

    void enter(long rip, long entry) {
        int index = (int) (rip ^ rip >>> INDEX_BITS) & ENTRIES - 1;
        HostMemory.storeLong(at(index) + TAG, rip);
        HostMemory.storeLong(at(index) + ENTRY, entry);
        used.add(index);
    }

    /// Forgets what is in the same aligned `1 << shift` bytes as `gva`.
    void forget(long gva, int shift) {
        for (int i = used.first(); i >= 0; i = used.next(i)) {
            if ((HostMemory.loadLong(at(i) + TAG) ^ gva) >>> shift == 0) {
                empty(i);
                used.remove(i);
            }
        }
    }

    void clear() {
        for (int i = used.first(); i >= 0; i = used.next(i)) {
            empty(i);
        }
        used.clear();
    }
}
