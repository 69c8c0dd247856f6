// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Linear addresses to memory: the TLB, the page walk behind it, and the accesses through them.
final class Mmu {
    /// MAXPHYADDR, as CPUID 80000008 says.
    static final int PHYSICAL_BITS = 46;

    private final Cpu cpu;

    /// Whether the A20 line is masked: bit 20 of every guest-physical address reads as 0. After a change call
    /// [#flush].
    boolean a20Masked;

    Mmu(Cpu cpu) {
        this.cpu = cpu;
    }

    void close() { }

    /// Follows a change of mode, CPL, AC, or a control register's bits.
    void refresh() { }

    /// Whether `gva` is canonical for the paging mode (48 or 57 bits).
    boolean canonical(long gva) {
        int unused = (cpu.cr4 & ControlBits.CR4_LA57) != 0 ? 7 : 16;
        return gva << unused >> unused == gva;
    }

    // ---- accesses with the privilege of the current instruction; `gva` is linear, already checked by Segments ----

    /// Loads 1, 2, 4 or 8 bytes, zero-extended.
    ///
    /// @param segment for the fault of a non-canonical address: #SS or #GP
    long load(int segment, long gva, int bytes) {
        throw new UnsupportedOperationException();
    }

    long loadForWrite(int segment, long gva, int bytes) {
        throw new UnsupportedOperationException();
    }

    void store(int segment, long gva, int bytes, long value) {
        throw new UnsupportedOperationException();
    }

    long compareAndSwap(int segment, long gva, int bytes, long expected, long value) {
        throw new UnsupportedOperationException();
    }

    void probe(int segment, long gva, int bytes, boolean forWrite) {
        throw new UnsupportedOperationException();
    }

    /// CMPXCHG16B: stores `low:high` if memory holds the expected 16 bytes, atomically.
    ///
    /// @return whether it did; if not, what was found is in `found[0]` (low) and `found[1]`
    boolean compareAndSwap16(int segment, long gva, long expectedLow, long expectedHigh, long low, long high,
                             long[] found) {
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

    // ---- translations ----

    /// MOV to CR3: sets [Cpu#cr3] after the checks of the instruction itself, loads the PDPTEs when PAE paging uses
    /// them, and forgets what the manual says it forgets.
    ///
    /// @param value with bit 63 as the guest gave it, if CR4.PCIDE
    /// @throws GuestFault #GP(0) for reserved bits in a PDPTE
    void loadCr3(long value) {
        throw new UnsupportedOperationException();
    }

    /// Reads the four PDPTEs again, as a MOV to CR0 or CR4 does that changes PAE paging.
    ///
    /// @throws GuestFault #GP(0) for reserved bits
    void loadPdptes(long cr3) {
        throw new UnsupportedOperationException();
    }

    /// Forgets every translation, global or not.
    void flush() {
        throw new UnsupportedOperationException();
    }

    /// Forgets translations that are not global, in every PCID.
    void flushNonGlobal() {
        throw new UnsupportedOperationException();
    }

    /// Forgets translations of `pcid` that are not global.
    void flushPcid(int pcid) {
        throw new UnsupportedOperationException();
    }

    /// INVLPG: forgets the page of `gva`, in the current PCID or global.
    void invalidate(long gva) {
        throw new UnsupportedOperationException();
    }

    /// INVPCID type 0: forgets the page of `gva` in `pcid`, unless it is global.
    void invalidate(long gva, int pcid) {
        throw new UnsupportedOperationException();
    }
}
