// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Linear addresses to memory: the TLB, the page walk behind it, and the accesses through them.
final class Mmu {
    private final Cpu cpu;

    Mmu(Cpu cpu) {
        this.cpu = cpu;
    }

    // ---- accesses with the privilege of the current instruction; `gva` is linear, already checked by Segments ----

    /// Loads 1, 2, 4 or 8 bytes, zero-extended.
    long load(long gva, int bytes) {
        throw new UnsupportedOperationException();
    }

    long loadForWrite(long gva, int bytes) {
        throw new UnsupportedOperationException();
    }

    void store(long gva, int bytes, long value) {
        throw new UnsupportedOperationException();
    }

    long compareAndSwap(long gva, int bytes, long expected, long value) {
        throw new UnsupportedOperationException();
    }

    void probe(long gva, int bytes, boolean forWrite) {
        throw new UnsupportedOperationException();
    }

    /// CMPXCHG16B: stores `low:high` if memory holds the expected 16 bytes, atomically.
    ///
    /// @return whether it did; if not, what was found is in `found[0]` (low) and `found[1]`
    boolean compareAndSwap16(long gva, long expectedLow, long expectedHigh, long low, long high, long[] found) {
        throw new UnsupportedOperationException();
    }

    // ---- accesses that the processor makes by itself, at CPL 0 whatever the current one: descriptors, TSS, IDT ----

    long loadSystem(long gva, int bytes) {
        throw new UnsupportedOperationException();
    }

    void storeSystem(long gva, int bytes, long value) {
        throw new UnsupportedOperationException();
    }

    /// Sets bits of a byte atomically (accessed and busy bits of descriptors).
    long compareAndSwapSystem(long gva, int bytes, long expected, long value) {
        throw new UnsupportedOperationException();
    }
}
