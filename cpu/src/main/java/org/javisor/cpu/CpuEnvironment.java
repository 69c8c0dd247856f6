// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.memory.GuestMemory;
import org.javisor.memory.IoBus;
import org.javisor.memory.MemorySlot;

/// What a processor is plugged into.
public interface CpuEnvironment {
    /// Of [#tscOrigin].
    long NO_TSC_ORIGIN = Long.MIN_VALUE;

    GuestMemory memory();

    IoBus ports();

    IoBus mmio();

    /// What the processors of one machine share. The same object for all of them.
    CpuGroup group();

    /// The time stamp counter before IA32_TSC_ADJUST and the like: zero at RESET, the same for every processor.
    long tsc();

    /// What [#tsc] subtracts from [System#nanoTime] if it does, and goes on doing so until [Cpu#run] returns; else
    /// [#NO_TSC_ORIGIN].
    default long tscOrigin() {
        return NO_TSC_ORIGIN;
    }

    /// Has what was to happen in the machine by now happen, should it be late: the processor is about to be told the
    /// time, and must not see one before which its timer was to interrupt. On the processor's thread.
    ///
    /// @return until when the same need not be asked again, in terms of [System#nanoTime]
    default long catchUp() {
        return System.nanoTime();
    }

    /// The guest has set its time stamp counter, so that deadlines in terms of it are other times now.
    default void tscChanged() { }

    /// How many ticks the processor has been executing, of as many a second as [#tsc] has: neither halted nor kept
    /// waiting by the host. On the processor's thread.
    default long busyTicks() {
        return tsc();
    }

    /// Makes [Requests#COUNTERS] of the processor when [#tsc] is `tsc`, in place of what was wanted before;
    /// [Long#MAX_VALUE] for never. May be late. On the processor's thread.
    default void alarm(long tsc) { }

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

    /// The guest touches a page of memory that is not there yet.
    ///
    /// @param user whether a program did, and not the kernel
    /// @return what the guest is told by a page fault with this in CR2, after which it does something else, if it is
    ///     told; 0 if it is to wait
    default int tellAbsent(MemorySlot slot, long gpa, boolean user) {
        return 0;
    }

    /// Whether UD2 followed by "kvm" is a prefix that does nothing.
    default boolean forcesEmulation() {
        return false;
    }

    /// Null if there is none.
    default Backdoor backdoor() {
        return null;
    }

    /// Whether VMCALL and VMMCALL leave [Cpu#run] with an exit. If not, they are undefined.
    default boolean takesHypercalls() {
        return false;
    }
}
