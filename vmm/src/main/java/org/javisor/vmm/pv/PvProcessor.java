// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import org.javisor.cpu.MsrTable;
import org.javisor.vmm.irq.LazyEoi;

/// What paravirtual interfaces need of the processor that they belong to.
public interface PvProcessor {
    MsrTable msrs();

    /// What it adds to the machine's time stamp counter.
    long tscOffset();

    /// How long its thread wanted to execute but the host did not let it, in nanoseconds.
    long stolenNanos();

    /// Where its local APIC keeps word of interrupts that end without an access to it.
    void lazyEndOfInterrupt(LazyEoi area);
}
