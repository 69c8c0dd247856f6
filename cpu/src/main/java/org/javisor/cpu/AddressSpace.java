// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// The translations of one PCID: a [Tlb] for each kind of access. Without PCIDs there is one, number 0.
///
/// Global pages are entered in each address space that uses them, and forgotten in all of them at once.
final class AddressSpace {
    static final int TLBS = 3, BYTES = TLBS * Tlb.BYTES;

    /// User-mode accesses; supervisor-mode ones; supervisor-mode ones that SMAP lets pass.
    final Tlb user, supervisor, exempt;
    int pcid;
    /// When it was last switched to.
    long used;

    /// @param tables host address of [#BYTES] bytes
    /// @param programs what is known of user mode's code
    /// @param kernel   of supervisor mode's
    AddressSpace(long tables, CodeEntries programs, CodeEntries kernel, PageMarks marks) {
        user = new Tlb(tables, programs, marks);
        supervisor = new Tlb(tables + Tlb.BYTES, kernel, marks);
        exempt = new Tlb(tables + 2L * Tlb.BYTES, kernel, marks);
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

    /// Whether anything may be known that has the mark of `gva`.
    boolean mayBeMarked(int kind, long gva) {
        return kind == PageMarks.CODE ? user.codeEntries.mayBeMarked(gva) || supervisor.codeEntries.mayBeMarked(gva)
                : user.mayBeMarked(kind, gva) || supervisor.mayBeMarked(kind, gva) || exempt.mayBeMarked(kind, gva);
    }

    void gather(boolean keep) {
        user.gather(keep);
        supervisor.gather(keep);
        exempt.gather(keep);
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
