// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import org.javisor.cpu.MsrTable;
import org.javisor.vmm.irq.LazyEoi;
import org.javisor.vmm.irq.SyntheticVectors;

/// What paravirtual interfaces need of the processor that they belong to.
public interface PvProcessor {
    /// Its number in the machine, which is its APIC id.
    int index();

    MsrTable msrs();

    /// Its time stamp counter when the machine's is at `machine`.
    long tscOf(long machine);

    /// What its counter is ahead of the machine's, if it is as fast.
    default long tscOffset() {
        return tscOf(0);
    }

    /// How fast its counter is.
    int tscKhz();

    /// How long its thread has executed, in nanoseconds.
    long executedNanos();

    /// How long its thread wanted to execute but the host did not let it, in nanoseconds.
    long stolenNanos();

    /// Where its local APIC keeps word of interrupts that end without an access to it.
    void lazyEndOfInterrupt(LazyEoi area);

    /// Names who has to do with its local APIC's vectors.
    void syntheticVectors(SyntheticVectors controller);

    /// Ends the interrupt in service, as a write to the local APIC's EOI does.
    void endOfInterrupt();

    /// The local APIC's interrupt command register.
    long interruptCommand();

    /// Sends an interrupt.
    void interruptCommand(long value);

    /// The local APIC's task priority register.
    int taskPriority();

    void taskPriority(int value);

    /// Whether who accesses a register now is not the guest but the machine's owner, who saves or restores it.
    boolean accessedByOwner();

    /// Has it wait for an interrupt, whether it may take it or not, once the present instruction is done.
    void idle();
}
