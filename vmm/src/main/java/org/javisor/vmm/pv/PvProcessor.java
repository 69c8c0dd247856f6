// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import org.javisor.cpu.MsrTable;
import org.javisor.vmm.irq.LazyEoi;

/// What paravirtual interfaces need of the processor that they belong to.
public interface PvProcessor {
    /// Its number, which is its APIC id.
    int id();

    MsrTable msrs();

    /// What it adds to the machine's time stamp counter.
    long tscOffset();

    /// How long its thread has executed, and how long it wanted to but the host did not let it, in nanoseconds.
    long ranNanos();

    long stolenNanos();

    /// Where its local APIC keeps word of interrupts that end without an access to it.
    void lazyEndOfInterrupt(LazyEoi area);
}
