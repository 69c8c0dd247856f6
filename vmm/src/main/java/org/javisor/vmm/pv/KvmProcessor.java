// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import java.util.function.LongConsumer;
import java.util.function.LongPredicate;
import org.javisor.cpu.MsrTable;

/// KVM's interface of one processor: its model-specific registers.
///
/// Memory is always present here, so that no page fault is ever told asynchronously: the registers for that only hold
/// what the guest writes.
///
/// @linux Documentation/virt/kvm/x86/msr.rst
public final class KvmProcessor {
    private static final int OLD_WALL_CLOCK = 0x11, OLD_SYSTEM_TIME = 0x12, WALL_CLOCK = 0x4b56_4d00,
            SYSTEM_TIME = 0x4b56_4d01, ASYNC_FAULT = 0x4b56_4d02, STEAL_TIME = 0x4b56_4d03, LAZY_EOI = 0x4b56_4d04,
            POLL_CONTROL = 0x4b56_4d05, ASYNC_FAULT_INTERRUPT = 0x4b56_4d06, ASYNC_FAULT_ACK = 0x4b56_4d07,
            MIGRATION_CONTROL = 0x4b56_4d08;
    /// Enabled, also for the kernel, as a page-fault exit, by interrupt; the address is a multiple of 64.
    private static final long ASYNC_FAULT_RESERVED = 0x30, ASYNC_FAULT_ENABLED = 1;
    private static final int ASYNC_FAULT_BYTES = 64;

    private final PvMachine machine;
    private final KvmClock clock;
    private final KvmStealTime stealTime;
    private final KvmLazyEoi lazyEoi;
    private long wallClock;
    private long asyncFault;
    private long asyncFaultVector;
    private long pollControl = 1;
    private long migrationControl;

    public KvmProcessor(PvMachine machine, PvProcessor processor) {
        this.machine = machine;
        clock = new KvmClock(machine, processor);
        stealTime = new KvmStealTime(machine, processor);
        lazyEoi = new KvmLazyEoi(machine.memory(), processor);
        MsrTable msrs = processor.msrs();
        for (int index : new int[] {OLD_WALL_CLOCK, WALL_CLOCK}) {
            msrs.define(index, () -> wallClock, value -> {
                wallClock = value;
                return KvmClock.wallClock(machine, value);
            });
        }
        for (int index : new int[] {OLD_SYSTEM_TIME, SYSTEM_TIME}) {
            msrs.define(index, clock::register, clock::register);
        }
        msrs.define(STEAL_TIME, stealTime::register, stealTime::register);
        msrs.define(LAZY_EOI, lazyEoi::register, lazyEoi::register);
        msrs.define(ASYNC_FAULT, () -> asyncFault, this::writeAsyncFault);
        msrs.define(ASYNC_FAULT_INTERRUPT, () -> asyncFaultVector, within(0xff, value -> asyncFaultVector = value));
        msrs.define(ASYNC_FAULT_ACK, () -> 0, within(1, _ -> { }));
        msrs.define(POLL_CONTROL, () -> pollControl, within(1, value -> pollControl = value));
        msrs.define(MIGRATION_CONTROL, () -> migrationControl, within(1, value -> migrationControl = value));
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

    private boolean writeAsyncFault(long value) {
        boolean enabled = (value & ASYNC_FAULT_ENABLED) != 0;
        if ((value & ASYNC_FAULT_RESERVED) != 0
                || enabled && !machine.memory().backs(value & -ASYNC_FAULT_BYTES, ASYNC_FAULT_BYTES)) {
            return false;
        }
        asyncFault = value;
        return true;
    }

    /// The guest has set its time stamp counter.
    public void tscChanged() {
        clock.update();
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

    /// RESET.
    public void reset() {
        clock.reset();
        stealTime.reset();
        lazyEoi.reset();
        wallClock = 0;
        asyncFault = 0;
        asyncFaultVector = 0;
        pollControl = 1;
        migrationControl = 0;
    }
}
