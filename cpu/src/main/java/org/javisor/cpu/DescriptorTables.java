// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// GDTR, IDTR, and the descriptors behind selectors.
///
/// @sdm vol. 3A §3.5.1 "Segment Descriptor Tables"
final class DescriptorTables {
    /// Selector bits: requested privilege level, and LDT instead of GDT.
    static final int RPL = 3, TI = 4;
    /// The part of a selector that goes into an error code.
    static final int ERROR_MASK = 0xfffc;

    private static final long OUTSIDE = -1;
    private static final int ACCESS_BYTE = 5;

    private final Cpu cpu;

    long gdtBase, idtBase;
    int gdtLimit = 0xffff, idtLimit = 0xffff;

    DescriptorTables(Cpu cpu) {
        this.cpu = cpu;
    }

    static boolean isNull(int selector) {
        return (selector & ERROR_MASK) == 0;
    }

    /// Where the descriptor is; [#OUTSIDE] when not all of it is in its table.
    private long gva(int selector, int bytes) {
        int index = selector & 0xfff8;
        if ((selector & TI) == 0) {
            return index + bytes - 1 > gdtLimit ? OUTSIDE : linear(gdtBase + index);
        }
        Segments segments = cpu.segments;
        int wanted = Segments.NULL | Segments.PRESENT;
        boolean none = (segments.attributes[Segments.LDTR] & wanted) != Segments.PRESENT;
        return none || index + bytes - 1 > Integer.toUnsignedLong(segments.limit[Segments.LDTR])
                ? OUTSIDE : linear(segments.base[Segments.LDTR] + index);
    }

    /// Cuts a linear address of a system structure to the mode's width.
    long linear(long gva) {
        return cpu.mode.ia32e() ? gva : gva & 0xffff_ffffL;
    }

    private long require(int selector, int bytes, int vector) {
        long gva = gva(selector, bytes);
        if (gva == OUTSIDE) {
            throw cpu.fault(vector, selector & ERROR_MASK);
        }
        return gva;
    }

    /// The descriptor that `selector`, which is not null, names.
    ///
    /// @param vector the exception, with the selector as its error code, for a selector beyond its table
    long fetch(int selector, int vector) {
        return cpu.mmu.loadSystem(require(selector, 8, vector), 8);
    }

    /// The upper half of a 16-byte descriptor.
    long fetchUpper(int selector, int vector) {
        return cpu.mmu.loadSystem(require(selector, 16, vector) + 8, 8);
    }

    /// Whether all of the descriptor is in its table.
    boolean holds(int selector, int bytes) {
        return gva(selector, bytes) != OUTSIDE;
    }

    /// Sets the accessed bit of a code or data descriptor in memory, unless `descriptor` has it already.
    void markAccessed(int selector, long descriptor) {
        if ((descriptor >>> 40 & Segments.ACCESSED) == 0) {
            changeType(selector, Segments.ACCESSED, Segments.ACCESSED);
        }
    }

    /// Sets or clears the busy bit of a TSS descriptor in memory.
    void markBusy(int selector, boolean busy) {
        changeType(selector, Descriptor.BUSY, busy ? Descriptor.BUSY : 0);
    }

    private void changeType(int selector, int mask, int bits) {
        long gva = require(selector, 8, GuestFault.GP) + ACCESS_BYTE;
        long found = cpu.mmu.loadSystem(gva, 1);
        long expected;
        do {
            expected = found;
            found = cpu.mmu.compareAndSwapSystem(gva, 1, expected, expected & ~mask | bits);
            // Where a device is, which may tell something else each time, once is enough.
        } while (found != expected && cpu.mmu.isSystemMemory(gva));
    }
}
