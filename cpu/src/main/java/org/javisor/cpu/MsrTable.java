// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Arrays;
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

    private record Register(int index, LongSupplier reader, LongPredicate writer, LongPredicate restorer) { }

    private static final Register[] NONE = {};

    /// In the order of their indices, as unsigned numbers.
    private Register[] registers = NONE;
    private final AtomicLong unknown = new AtomicLong();
    private volatile int lastUnknown;
    private MsrPolicy policy = MsrPolicy.NONE;

    MsrTable() { }

    /// Names who decides about accesses; before the processor runs.
    public void policy(MsrPolicy who) {
        policy = who;
    }

    MsrPolicy policy() {
        return policy;
    }

    /// The indices of the registers that exist now and can be read, in ascending order.
    public int[] indices() {
        return Arrays.stream(registers).filter(r -> r.reader != null).mapToInt(Register::index).toArray();
    }

    /// Whether there is a register `index`; nothing is counted.
    boolean knows(int index) {
        return find(index) != null;
    }

    /// Defines (or replaces) the register `index`.
    ///
    /// @param reader null for a register that cannot be read
    /// @param writer takes the value, or refuses it by returning false, which is #GP(0) for the guest; it may
    ///     also throw the processor's own faults
    public void define(int index, LongSupplier reader, LongPredicate writer) {
        undefine(index);
        int at = place(index);
        Register[] more = Arrays.copyOf(registers, registers.length + 1);
        System.arraycopy(registers, at, more, at + 1, registers.length - at);
        more[at] = new Register(index, reader, writer, writer);
        registers = more;
    }

    /// Has the processor's owner, who puts a register back, write it in another way than the guest.
    ///
    /// @param restorer of a register that is defined; takes the value, or refuses it by returning false
    void restoredBy(int index, LongPredicate restorer) {
        int at = place(index);
        registers[at] = new Register(index, registers[at].reader, registers[at].writer, restorer);
    }

    /// Where the register is, or belongs.
    private int place(int index) {
        int low = 0;
        for (int high = registers.length; low < high; ) {
            int middle = low + high >>> 1;
            if (Integer.compareUnsigned(registers[middle].index, index) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private Register find(int index) {
        int at = place(index);
        return at < registers.length && registers[at].index == index ? registers[at] : null;
    }

    /// Takes the row of `index` away: the x2APIC's registers exist only in its mode.
    public void undefine(int index) {
        registers = Arrays.stream(registers).filter(r -> r.index != index).toArray(Register[]::new);
    }

    /// Whether `index` can be read now; [#read] then gives the value. Counts indices without a row.
    boolean readable(int index) {
        Register register = find(index);
        if (register == null) {
            countUnknown(index);
        }
        return register != null && register.reader != null;
    }

    /// The value of a register that is [#readable].
    long read(int index) {
        return find(index).reader.getAsLong();
    }

    /// Whether `index` can be read now; nothing is counted.
    boolean exists(int index) {
        Register register = find(index);
        return register != null && register.reader != null;
    }

    /// The value of a register that exists, or 0; nothing is counted.
    long peek(int index) {
        Register register = find(index);
        return register == null || register.reader == null ? 0 : register.reader.getAsLong();
    }

    /// Writes as WRMSR does.
    ///
    /// @return whether the register exists and took the value
    public boolean write(int index, long value) {
        Register register = find(index);
        if (register == null) {
            countUnknown(index);
            return false;
        }
        return register.writer.test(value);
    }

    /// Writes as the processor's owner; nothing is counted.
    ///
    /// @return whether the register exists and took the value
    boolean restore(int index, long value) {
        Register register = find(index);
        return register != null && register.restorer.test(value);
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
