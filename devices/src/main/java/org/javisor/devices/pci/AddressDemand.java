// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;

/// What the functions on one bus want of one kind of addresses, packed from some address on: the most aligned first, so
/// that alignment wastes nothing.
final class AddressDemand {
    /// @param give takes the address
    private record Wanted(long bytes, long alignment, LongConsumer give) { }

    private final List<Wanted> wanted = new ArrayList<>();

    /// Asks for `bytes` bytes from a multiple of `alignment`, a power of two, on.
    void add(long bytes, long alignment, LongConsumer give) {
        wanted.add(new Wanted(bytes, alignment, give));
        wanted.sort(Comparator.comparingLong(Wanted::alignment).reversed());
    }

    /// The largest of all alignments, at least `granule`.
    long alignment(long granule) {
        return wanted.isEmpty() ? granule : Math.max(granule, wanted.getFirst().alignment);
    }

    /// How many bytes all of it takes from a well aligned address on.
    long bytes() {
        return place(0, false);
    }

    /// Gives everybody an address from `start` on.
    ///
    /// @return the first address behind them
    long place(long start) {
        return place(start, true);
    }

    private long place(long start, boolean really) {
        long next = start;
        for (Wanted one : wanted) {
            long at = align(next, one.alignment);
            if (really) {
                one.give.accept(at);
            }
            next = at + one.bytes;
        }
        return next;
    }

    static long align(long address, long alignment) {
        return address + alignment - 1 & -alignment;
    }
}
