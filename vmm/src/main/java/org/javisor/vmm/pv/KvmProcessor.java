// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.function.LongPredicate;
import org.javisor.cpu.MsrTable;
import org.javisor.memory.MemorySlot;

/// KVM's interface of one processor: its model-specific registers.
///
/// @linux Documentation/virt/kvm/x86/msr.rst
public final class KvmProcessor {
    private static final int OLD_WALL_CLOCK = 0x11, OLD_SYSTEM_TIME = 0x12, WALL_CLOCK = 0x4b56_4d00,
            SYSTEM_TIME = 0x4b56_4d01, ASYNC_FAULT = 0x4b56_4d02, STEAL_TIME = 0x4b56_4d03, LAZY_EOI = 0x4b56_4d04,
            POLL_CONTROL = 0x4b56_4d05, ASYNC_FAULT_INTERRUPT = 0x4b56_4d06, ASYNC_FAULT_ACK = 0x4b56_4d07,
            MIGRATION_CONTROL = 0x4b56_4d08;

    private final KvmClock clock;
    private final KvmStealTime stealTime;
    private final KvmLazyEoi lazyEoi;
    private final KvmAsyncFaults asyncFaults;
    /// The register of the wall clock, which is the machine's.
    private final AtomicLong wallClock;
    private long pollControl = 1;
    private long migrationControl;

    /// @param wallClock where the guest wants to be told when it was started: one for all processors of a machine
    public KvmProcessor(PvMachine machine, PvProcessor processor, AtomicLong wallClock) {
        this.wallClock = wallClock;
        clock = new KvmClock(machine, processor);
        stealTime = new KvmStealTime(machine, processor);
        lazyEoi = new KvmLazyEoi(machine.memory(), processor);
        asyncFaults = new KvmAsyncFaults(machine, processor.index());
        MsrTable msrs = processor.msrs();
        for (int index : new int[] {OLD_WALL_CLOCK, WALL_CLOCK}) {
            msrs.define(index, wallClock::get, value -> {
                wallClock.set(value);
                return KvmClock.wallClock(machine, value);
            });
        }
        for (int index : new int[] {OLD_SYSTEM_TIME, SYSTEM_TIME}) {
            msrs.define(index, clock::register, clock::register);
        }
        msrs.define(STEAL_TIME, stealTime::register, stealTime::register);
        msrs.define(LAZY_EOI, lazyEoi::register, lazyEoi::register);
        msrs.define(ASYNC_FAULT, asyncFaults::register, asyncFaults::register);
        msrs.define(ASYNC_FAULT_INTERRUPT, asyncFaults::vector, value -> faultVector(processor, value));
        msrs.define(ASYNC_FAULT_ACK, () -> 0, asyncFaults::acknowledge);
        msrs.define(POLL_CONTROL, () -> pollControl, within(1, value -> pollControl = value));
        msrs.define(MIGRATION_CONTROL, () -> migrationControl, within(1, value -> migrationControl = value));
    }

    private boolean faultVector(PvProcessor processor, long value) {
        boolean taken = asyncFaults.vector(value);
        if (taken && processor.accessedByOwner()) {
            asyncFaults.restored();
        }
        return taken;
    }

    private static LongPredicate within(long mask, LongConsumer take) {
        return value -> {
            if ((value & ~mask) != 0) {
                return false;
            }
            take.accept(value);
            return true;
        };
    }

    /// The guest has set its time stamp counter.
    public void tscChanged() {
        clock.update();
    }

    /// As of [org.javisor.vmm.Vcpu#guestStopped].
    public boolean guestStopped() {
        return clock.guestStopped();
    }

    /// The guest touches a page that is not there.
    ///
    /// @return the token that it is told, or 0 if it has to wait
    public int tellAbsent(MemorySlot slot, long gpa, boolean user) {
        return asyncFaults.notPresent(slot, gpa, user);
    }

    /// The processor's thread has been executing for a while.
    public void running() {
        stealTime.update();
    }

    /// The processor goes to sleep.
    public void away() {
        stealTime.away();
    }

    /// The processor is back.
    ///
    /// @return whether it has to forget its translations
    public boolean back() {
        stealTime.update();
        return stealTime.back();
    }

    /// Whether the host may look for work for this processor before its thread sleeps. A guest that looks itself, as
    /// Linux's `cpuidle-haltpoll` does, says that it may not.
    public boolean allowsPolling() {
        return pollControl != 0;
    }

    /// RESET.
    public void reset() {
        clock.reset();
        stealTime.reset();
        lazyEoi.reset();
        wallClock.set(0);
        asyncFaults.reset();
        pollControl = 1;
        migrationControl = 0;
    }
}
