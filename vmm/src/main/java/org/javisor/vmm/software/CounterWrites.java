// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import org.javisor.cpu.CpuidModel;
import org.javisor.cpu.TimeStampCounter;

/// What a machine's owner has written to the time stamp counters of its processors. He writes one after the other, and
/// time passes in between: counters that are meant to agree agree to the tick all the same.
///
/// They are meant to if a value is less than a second away from where the last one written would have got to, or is
/// zero; and if they are as fast.
///
/// @linux arch/x86/kvm/x86.c "kvm_synchronize_tsc"
final class CounterWrites {
    private static final long TICKS_PER_KHZ = 1_000;

    private boolean written;
    private int khz = CpuidModel.TSC_HZ / 1_000;
    /// The last value, what the machine's counter gave then at the written one's speed, and the offset of all that
    /// agree with it.
    private long value;
    private long scaled;
    private long offset;

    /// Has `counter` show `wanted`, or what agrees with the others.
    ///
    /// @param machine where the machine's counter is
    synchronized void write(TimeStampCounter counter, long machine, long wanted) {
        long now = counter.at(machine) - counter.offset();
        long expected = value + now - scaled;
        boolean meant = wanted == 0 || written && isNear(wanted, expected, counter.khz() * TICKS_PER_KHZ);
        if (!meant || counter.khz() != khz) {
            offset = wanted - now;
        }
        written = true;
        khz = counter.khz();
        value = wanted;
        scaled = now;
        counter.offset(offset);
    }

    private static boolean isNear(long wanted, long expected, long second) {
        return Long.compareUnsigned(wanted, expected + second) < 0
                && Long.compareUnsigned(wanted + second, expected) > 0;
    }

    /// RESET: the machine's counter begins anew.
    synchronized void reset() {
        written = false;
    }
}
