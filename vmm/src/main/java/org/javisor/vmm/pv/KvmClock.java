// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

/// KVM's clock of one processor: a structure that tells the guest how to make nanoseconds of its time stamp counter.
///
/// Counter and clock stop and go on together, and all processors' structures are of one line: so the time that is
/// calculated never goes backward, on whichever processor, and says so by its flag.
///
/// @linux Documentation/virt/kvm/x86/msr.rst "MSR_KVM_SYSTEM_TIME_NEW"
final class KvmClock {
    private static final int ENABLED = 1;
    private static final int VERSION = 0, TSC = 8, NANOS = 16, MULTIPLIER = 24, SHIFT = 28, FLAGS = 29;
    private static final int STABLE = 1;
    /// Of a counter at 1 GHz: ticks, times two, times a half.
    private static final long HALF = 0x8000_0000L;
    private static final int DOUBLE = 1;

    private final PvMachine machine;
    private final PvProcessor processor;
    private long register;

    KvmClock(PvMachine machine, PvProcessor processor) {
        this.machine = machine;
        this.processor = processor;
    }

    long register() {
        return register;
    }

    boolean register(long value) {
        register = value;
        update();
        return true;
    }

    /// Writes the structure; again when the guest has set its counter.
    void update() {
        if ((register & ENABLED) == 0) {
            return;
        }
        GuestArea area = new GuestArea(machine.memory(), register & ~1L);
        area.change(VERSION, () -> {
            long nanos = machine.clock().nanos();
            area.store(TSC, 8, machine.tscAt(nanos) + processor.tscOffset());
            area.store(NANOS, 8, nanos);
            area.store(MULTIPLIER, 4, HALF);
            area.store(SHIFT, 1, DOUBLE);
            area.store(FLAGS, 1, STABLE);
        });
    }

    void reset() {
        register = 0;
    }

    /// Tells, in the structure at `gpa`, what time of day it was when the clock was zero.
    static boolean wallClock(PvMachine machine, long gpa) {
        GuestArea area = new GuestArea(machine.memory(), gpa);
        area.change(0, () -> {
            long boot = machine.clock().wallNanos() - machine.clock().nanos();
            area.store(4, 4, Math.floorDiv(boot, 1_000_000_000L));
            area.store(8, 4, Math.floorMod(boot, 1_000_000_000L));
        });
        return true;
    }
}
