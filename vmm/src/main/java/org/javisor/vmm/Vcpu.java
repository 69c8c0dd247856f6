// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import org.javisor.vmm.stats.Statistics;

/// One virtual processor of a [Vm].
///
/// One thread at a time runs it; while it runs, only [#kick], [#injectNmi], [#stats] and [#statistics] may be called from others.
/// Everything else needs a vCPU that is not running, or a machine that is paused ([Vm#pause]).
public sealed interface Vcpu permits SoftwareVcpu {
    /// Its number in the machine, which is also its APIC id.
    int id();

    /// Runs guest code until something happens that the machine cannot answer by itself. In a machine with interrupt
    /// chips, a halted processor and one that waits for its start-up IPI wait inside. While the machine is paused, this
    /// blocks.
    VmExit run();

    /// Gives the value that the guest reads, after [VmExit.PortRead] or [VmExit.MmioRead].
    void completeRead(long value);

    /// Makes [#run] return [VmExit.Interrupted] soon: the run that is under way, or else the next one. Interrupting its
    /// thread does the same, for as long as the thread's interrupt status is set.
    void kick();

    /// Signals a non-maskable interrupt.
    void injectNmi();

    Registers registers();

    /// Has [#run] return [VmExit.Debug] for steps and breakpoints, in place of what was asked for before.
    void debug(GuestDebug wanted);

    /// The guest-physical address of a linear one with the present page tables, whatever the rights; -1 if nothing is
    /// mapped there. Leaves no trace in the guest.
    long translate(long gva);

    /// Counters of what this processor did so far. Any thread.
    VcpuStats stats();

    /// Counters that describe themselves, with KVM's names where it has the same. Any thread.
    Statistics statistics();
}
