// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;

/// What emitted code has to know of a page before it forgets it by itself: whether anything was found in code there,
/// or whether the TLB may have parts of a larger page. Bytes, for all address spaces at once, by [PageFilter#index];
/// one that is 0 says no for certain.
final class PageMarks {
    /// The kinds: pages with code, with 4 MiB and with 1 GiB around them.
    static final int CODE = 0, LARGE = 1, HUGE = 2;
    static final int KIND_BYTES = 1 << PageFilter.INDEX_BITS, BYTES = 3 * KIND_BYTES;
    private static final int[] SHIFTS = {12, 22, 30};

    private final long table;
    private boolean empty = true;

    /// @param table host address of [#BYTES] bytes
    PageMarks(long table) {
        this.table = table;
    }

    static int shift(int kind) {
        return SHIFTS[kind];
    }

    private long at(int kind, long gva) {
        return table + (long) kind * KIND_BYTES + PageFilter.index(gva >>> SHIFTS[kind]);
    }

    void add(int kind, long gva) {
        HostMemory.storeByte(at(kind, gva), (byte) 1);
        empty = false;
    }

    boolean has(int kind, long gva) {
        return HostMemory.loadByte(at(kind, gva)) != 0;
    }

    void remove(int kind, long gva) {
        HostMemory.storeByte(at(kind, gva), (byte) 0);
    }

    void clear() {
        if (!empty) {
            HostMemory.fill(table, BYTES, (byte) 0);
            empty = true;
        }
    }
}
