// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongPredicate;
import java.util.function.LongSupplier;

/// The model-specific registers of one processor: a row each, of how to read and how to write it. The
/// processor's own come from [Msrs]; upper storeys add theirs (the local APIC's, those of paravirtual
/// interfaces) with [#define] before the processor runs.
///
/// An access to an index without a row is #GP(0), and counted.
public final class MsrTable {
    /// A writer that refuses every value: the register is read-only.
    public static final LongPredicate READ_ONLY = _ -> false;
    /// A writer that takes every value and forgets it.
    public static final LongPredicate IGNORED = _ -> true;

    private record Register(LongSupplier reader, LongPredicate writer) { }

    private final Map<Integer, Register> registers = new HashMap<>();
    private final AtomicLong unknown = new AtomicLong();
    private volatile int lastUnknown;

    MsrTable() { }

    /// Defines (or replaces) the register `index`.
    ///
    /// @param reader null for a register that cannot be read
    /// @param writer takes the value, or refuses it by returning false, which is #GP(0) for the guest; it may
    ///     also throw the processor's own faults
    public void define(int index, LongSupplier reader, LongPredicate writer) {
        registers.put(index, new Register(reader, writer));
    }

    /// Takes the row of `index` away: the x2APIC's registers exist only in its mode.
    public void undefine(int index) {
        registers.remove(index);
    }

    /// Whether `index` can be read now; [#read] then gives the value. Counts indices without a row.
    boolean readable(int index) {
        Register register = registers.get(index);
        if (register == null) {
            countUnknown(index);
        }
        return register != null && register.reader != null;
    }

    /// The value of a register that is [#readable].
    long read(int index) {
        return registers.get(index).reader.getAsLong();
    }

    /// Whether `index` can be read now; nothing is counted.
    boolean exists(int index) {
        Register register = registers.get(index);
        return register != null && register.reader != null;
    }

    /// The value of a register that exists, or 0; nothing is counted.
    long peek(int index) {
        Register register = registers.get(index);
        return register == null || register.reader == null ? 0 : register.reader.getAsLong();
    }

    /// Writes as WRMSR does.
    ///
    /// @return whether the register exists and took the value
    public boolean write(int index, long value) {
        Register register = registers.get(index);
        if (register == null) {
            countUnknown(index);
            return false;
        }
        return register.writer.test(value);
    }

    private void countUnknown(int index) {
        lastUnknown = index;
        unknown.incrementAndGet();
    }

    /// How often the guest accessed registers that do not exist. Any thread.
    public long unknownAccesses() {
        return unknown.get();
    }

    /// The index of the latest such access.
    public int lastUnknown() {
        return lastUnknown;
    }
}
