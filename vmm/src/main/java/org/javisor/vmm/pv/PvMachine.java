// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import java.util.function.IntPredicate;
import org.javisor.memory.Clock;
import org.javisor.memory.GuestMemory;

/// What paravirtual interfaces need of the machine that they belong to.
public interface PvMachine {
    int PAGE_BYTES = GuestMemory.PAGE_BYTES;

    /// How many processors it can have: their numbers, which are their APIC ids too, are below.
    int processors();

    GuestMemory memory();

    Clock clock();

    /// The time that KVM's clock tells the guest at a point of [#clock]'s time.
    long guestNanos(long nanos);

    /// The time stamp counter, before what a processor adds, at a point of [#clock]'s time.
    long tscAt(long nanos);

    /// Sends an interrupt message to the processor with this APIC id.
    ///
    /// @param command laid out as the interrupt command register
    /// @return whether it was accepted
    boolean interrupt(int apicId, int command);

    /// Has those processors forget their translations of addresses whose numbers pass, and returns when none uses one
    /// any more.
    void forgetTranslations(IntPredicate which);

    /// As [#forgetTranslations(IntPredicate)], of these pages, in every address space.
    void forgetTranslations(IntPredicate which, long[] gvas);

    /// Ends the HLT that a processor is in, or its next one.
    void unhalt(int apicId);
}
