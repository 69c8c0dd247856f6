// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;

/// Where translated code finds the host code for an instruction pointer that it computed: a table in which each RIP has
/// two places, the second for when another one has the first. See [CodeEntries].
///
/// ```
///   0 TAG     RIP
///   8 ENTRY   host address of the block's code
/// ```
/// The first place is at offset `(RIP << HASH_SHIFT ^ RIP) & OFFSET_MASK`: functions begin at multiples of 16, other
/// places of interest anywhere. The second one's offset is `(RIP << HASH_SHIFT ^ RIP ^ RIP >>> SECOND_SHIFT) &
/// OFFSET_MASK`, which tells those apart that are a multiple of the table's size from each other. An empty entry has a
/// tag that belongs into another one, so that no RIP finds it.
final class EntryCache {
    static final int TAG = 0, ENTRY = 8;
    static final int ENTRY_SHIFT = 4;
    static final int ENTRIES = 1 << 13;
    static final int BYTES = ENTRIES << ENTRY_SHIFT;
    static final int HASH_SHIFT = 3;
    static final int SECOND_SHIFT = 13;
    static final int OFFSET_MASK = BYTES - 1 & -(1 << ENTRY_SHIFT);
    /// RIPs with different offsets.
    private static final long NOT_FIRST = 0, FIRST = 16;

    /// Host address of the table.
    final long table;
    private final IndexSet used = new IndexSet(ENTRIES);

    EntryCache(long table) {
        this.table = table;
        for (int i = 0; i < ENTRIES; i++) {
            empty(i);
        }
    }

    static int offset(long rip) {
        return (int) (rip << HASH_SHIFT ^ rip) & OFFSET_MASK;
    }

    private static int first(long rip) {
        return offset(rip) >> ENTRY_SHIFT;
    }

    private static int second(long rip) {
        return (offset(rip) ^ (int) (rip >>> SECOND_SHIFT)) >> ENTRY_SHIFT & ENTRIES - 1;
    }

    private long at(int index) {
        return table + ((long) index << ENTRY_SHIFT);
    }

    private void empty(int index) {
        HostMemory.storeLong(at(index) + TAG, index == 0 ? FIRST : NOT_FIRST);
    }

    /// Enters `rip` in its first place. What was there goes to its second one, and drives out what is there.
    void enter(long rip, long entry) {
        int index = first(rip);
        int second = second(rip);
        if (second != index && used.contains(second) && tag(second) == rip) {
            empty(second);
            used.remove(second);
        }
        if (used.contains(index)) {
            long other = tag(index);
            if (other != rip && first(other) == index) {
                put(second(other), other, HostMemory.loadLong(at(index) + ENTRY));
            }
        }
        put(index, rip, entry);
    }

    private long tag(int index) {
        return HostMemory.loadLong(at(index) + TAG);
    }

    private void put(int index, long rip, long entry) {
        HostMemory.storeLong(at(index) + TAG, rip);
        HostMemory.storeLong(at(index) + ENTRY, entry);
        used.add(index);
    }

    /// Forgets what is at `rip`.
    void remove(long rip) {
        remove(rip, first(rip));
        remove(rip, second(rip));
    }

    private void remove(long rip, int index) {
        if (used.contains(index) && tag(index) == rip) {
            empty(index);
            used.remove(index);
        }
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
