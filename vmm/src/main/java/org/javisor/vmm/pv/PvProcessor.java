// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import org.javisor.cpu.MsrTable;
import org.javisor.vmm.irq.LazyEoi;

/// What paravirtual interfaces need of the processor that they belong to.
public interface PvProcessor {
    MsrTable msrs();

    /// Its time stamp counter when the machine's is at `machine`.
    long tscOf(long machine);

    /// What its counter is ahead of the machine's, if it is as fast.
    default long tscOffset() {
        return tscOf(0);
    }

    /// How fast its counter is.
    int tscKhz();

    /// How long its thread wanted to execute but the host did not let it, in nanoseconds.
    long stolenNanos();

    /// Where its local APIC keeps word of interrupts that end without an access to it.
    void lazyEndOfInterrupt(LazyEoi area);
}
