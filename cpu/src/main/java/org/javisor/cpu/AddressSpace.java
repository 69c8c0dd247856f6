// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// The translations of one PCID: a [Tlb] for each kind of access. Without PCIDs there is one, number 0.
///
/// Global pages are entered in each address space that uses them, and forgotten in all of them at once.
final class AddressSpace {
    static final int BYTES = 3 * Tlb.BYTES;

    /// User-mode accesses; supervisor-mode ones; supervisor-mode ones that SMAP lets pass.
    final Tlb user, supervisor, exempt;
    int pcid;
    /// When it was last switched to.
    long used;

    /// @param tables host address of [#BYTES] bytes
    /// @param programs what is known of user mode's code
    /// @param kernel   of supervisor mode's
    AddressSpace(long tables, CodeEntries programs, CodeEntries kernel) {
        user = new Tlb(tables, programs);
        supervisor = new Tlb(tables + Tlb.BYTES, kernel);
        exempt = new Tlb(tables + 2L * Tlb.BYTES, kernel);
    }

    void flush() {
        user.flush();
        supervisor.flush();
        exempt.flush();
    }

    void flushNonGlobal() {
        user.flushNonGlobal();
        supervisor.flushNonGlobal();
        exempt.flushNonGlobal();
    }

    /// Forgets the page of `gva` if it is one of those: global, not global.
    void invalidate(long gva, boolean global, boolean nonGlobal) {
        user.invalidate(gva, global, nonGlobal);
        supervisor.invalidate(gva, global, nonGlobal);
        exempt.invalidate(gva, global, nonGlobal);
    }

    void forgetKeys(int keys) {
        user.forgetKeys(keys);
        supervisor.forgetKeys(keys);
        exempt.forgetKeys(keys);
    }

    /// @param gpa of a page
    void writeProtect(long gpa) {
        user.writeProtect(gpa);
        supervisor.writeProtect(gpa);
        exempt.writeProtect(gpa);
    }

    void writeProtect() {
        user.writeProtect();
        supervisor.writeProtect();
        exempt.writeProtect();
    }
}
