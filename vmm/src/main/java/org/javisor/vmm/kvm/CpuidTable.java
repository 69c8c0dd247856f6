// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// What CPUID answers: `struct kvm_cpuid2`.
public record CpuidTable(List<Entry> entries) {
    /// Of [Entry#flags]: the answer depends on ECX.
    public static final int SIGNIFICANT_INDEX = 1;

    private static final int HEADER_BYTES = 8, ENTRY_BYTES = 40;
    private static final int FUNCTION = 0, INDEX = 4, FLAGS = 8, EAX = 12, EBX = 16, ECX = 20, EDX = 24;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

    /// `struct kvm_cpuid_entry2`.
    ///
    /// @param index what ECX must be, where [#SIGNIFICANT_INDEX] says that it matters
    public record Entry(int function, int index, int flags, int eax, int ebx, int ecx, int edx) {
        public Entry with(int newEax, int newEbx, int newEcx, int newEdx) {
            return new Entry(function, index, flags, newEax, newEbx, newEcx, newEdx);
        }

        boolean answers(int leaf, int subleaf) {
            return function == leaf && ((flags & SIGNIFICANT_INDEX) == 0 || index == subleaf);
        }
    }

    public CpuidTable {
        entries = List.copyOf(entries);
    }

    /// The entry for a leaf and subleaf, or null.
    public Entry find(int leaf, int subleaf) {
        for (Entry entry : entries) {
            if (entry.answers(leaf, subleaf)) {
                return entry;
            }
        }
        return null;
    }

    static long bytes(int entries) {
        return HEADER_BYTES + (long) ENTRY_BYTES * entries;
    }

    static CpuidTable read(MemorySegment from) {
        List<Entry> read = new ArrayList<>();
        for (int i = 0; i < from.get(INT, 0); i++) {
            MemorySegment at = from.asSlice(bytes(i), ENTRY_BYTES);
            read.add(new Entry(at.get(INT, FUNCTION), at.get(INT, INDEX), at.get(INT, FLAGS), at.get(INT, EAX),
                    at.get(INT, EBX), at.get(INT, ECX), at.get(INT, EDX)));
        }
        return new CpuidTable(read);
    }

    void write(MemorySegment to) {
        to.set(INT, 0, entries.size());
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            MemorySegment at = to.asSlice(bytes(i), ENTRY_BYTES);
            at.set(INT, FUNCTION, entry.function);
            at.set(INT, INDEX, entry.index);
            at.set(INT, FLAGS, entry.flags);
            at.set(INT, EAX, entry.eax);
            at.set(INT, EBX, entry.ebx);
            at.set(INT, ECX, entry.ecx);
            at.set(INT, EDX, entry.edx);
        }
    }
}
