// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.memory.GuestMemory;
import org.javisor.memory.IoBus;

/// What a processor is plugged into.
public interface CpuEnvironment {
    GuestMemory memory();

    IoBus ports();

    IoBus mmio();

    /// What the processors of one machine share. The same object for all of them.
    CpuGroup group();

    /// The time stamp counter before IA32_TSC_ADJUST and the like: zero at RESET, the same for every processor.
    long tsc();

    /// The guest has set its time stamp counter, so that deadlines in terms of it are other times now.
    default void tscChanged() { }

    InterruptController interruptController();

    /// Whether accesses to ports and guest-physical addresses that nothing claims leave [Cpu#run] with an exit. If not,
    /// they read as all-ones and writes are lost.
    default boolean exitsOnUnclaimedAccess() {
        return false;
    }

    /// FERR# is asserted: an unmasked x87 exception waits, and CR0.NE leaves it to the board to interrupt (by tradition
    /// through IRQ 13).
    default void floatingPointError() { }

    /// The guest waits for another processor in a loop: it has executed PAUSE.
    default void spinning() {
        Thread.onSpinWait();
    }

    /// Called once for each form of instruction that the guest executed and the processor does not implement (the guest
    /// got #UD).
    default void unimplemented(String instruction) { }

    /// Whether VMCALL and VMMCALL leave [Cpu#run] with an exit. If not, they are undefined.
    default boolean takesHypercalls() {
        return false;
    }
}
