// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.paging;

import org.javisor.memory.GuestMemory;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// Tables from a device's addresses to guest-physical ones, in guest memory: a radix tree of 512 entries a level, as
/// EPT and VT-d's second level have it.
///
/// ```
///  63 62    52 51        12 11 10  8 7  6  2 1 0
/// ┌──┬────────┬────────────┬──┬─────┬──┬────┬─┬─┐
/// │  │        │  address   │SN│     │PS│    │W│R│
/// └──┴────────┴────────────┴──┴─────┴──┴────┴─┴─┘
///   SN snoop, without meaning as all is coherent; PS page, above the last level
/// ```
///
/// An access is allowed that all levels allow.
///
/// @datasheet Intel VT-d 4.1 §3.7 "Second-Stage Translation", §9.8 "Second-Stage Paging Entries"
public final class SecondLevelTable {
    private static final int READ = 1, WRITE = 2, PAGE = 1 << 7;
    private static final int INDEX_BITS = 9, ENTRY_BYTES = 8;
    private static final int LARGEST_PAGE_LEVEL = 3;
    private static final long ADDRESS = (1L << 52) - 1 & -(long) GuestMemory.PAGE_BYTES;

    /// What a walk finds.
    public sealed interface Walk { }

    /// A page that the access may go to.
    ///
    /// @param gpa   its guest-physical address
    /// @param shift its size: 12, 21 or 30
    public record Page(long gpa, int shift, boolean readable, boolean writable) implements Walk { }

    /// Why there is none.
    public enum Refusal implements Walk {
        /// A level does not allow the access.
        NOT_PERMITTED,
        /// An entry has bits set that are reserved.
        RESERVED_BITS,
        /// A table is not in memory.
        NO_TABLE
    }

    private SecondLevelTable() { }

    /// How many bits addresses have that `levels` levels translate.
    public static int addressBits(int levels) {
        return GuestMemory.PAGE_SHIFT + INDEX_BITS * levels;
    }

    /// Looks up `iova`, which has no more bits than the table translates.
    ///
    /// @param root     the table of the highest level
    /// @param levels   3 to 5
    /// @param reserved address bits that a table must not use: those beyond the machine's addresses
    public static Walk walk(GuestMemory memory, long root, int levels, long iova, boolean write, long reserved) {
        int needed = write ? WRITE : READ;
        int allowed = READ | WRITE;
        long table = root;
        for (int level = levels; level > 0; level--) {
            int shift = GuestMemory.PAGE_SHIFT + INDEX_BITS * (level - 1);
            long entry;
            try {
                entry = memory.loadLong(table + ENTRY_BYTES * (iova >>> shift & (1 << INDEX_BITS) - 1));
            } catch (OutOfRangeException _) {
                return Refusal.NO_TABLE;
            }
            allowed &= (int) entry;
            if ((allowed & needed) == 0) {
                return Refusal.NOT_PERMITTED;
            }
            boolean page = level == 1 || (entry & PAGE) != 0;
            if ((entry & (reserved | reservedAt(level, page, shift))) != 0) {
                return Refusal.RESERVED_BITS;
            }
            table = entry & ADDRESS;
            if (page) {
                return new Page(table, shift, (allowed & READ) != 0, (allowed & WRITE) != 0);
            }
        }
        throw new IllegalStateException("a walk of " + levels + " levels without an end");
    }

    private static long reservedAt(int level, boolean page, int shift) {
        if (!page || level == 1) {
            return 0;
        }
        return level > LARGEST_PAGE_LEVEL ? PAGE : (1L << shift) - GuestMemory.PAGE_BYTES;
    }
}
