// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

/// KVM's clock of one processor: a structure that tells the guest how to make nanoseconds of its time stamp counter.
///
/// Counter and clock stop and go on together, and all processors' structures are of one line: so the time that is
/// calculated never goes backward, on whichever processor, and says so by its flag. Another flag says that the guest
/// was stopped, until the guest takes it back: time that it finds missing, or to have passed at once, is no reason to
/// take itself for hung.
///
/// @linux Documentation/virt/kvm/x86/msr.rst "MSR_KVM_SYSTEM_TIME_NEW"
final class KvmClock {
    private static final int ENABLED = 1;
    private static final int VERSION = 0, TSC = 8, NANOS = 16, MULTIPLIER = 24, SHIFT = 28, FLAGS = 29;
    private static final int STABLE = 1, GUEST_STOPPED = 2;
    private static final long KHZ_PER_GHZ = 1_000_000;

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
        // The point where the machine's counter is zero: as long as it is the same for all processors and at all times,
        // no rounding of the multiplier can make one's time run ahead of another's.
        long nanos = machine.clock().nanos();
        int shift = shift(processor.tscKhz());
        area.change(VERSION, () -> {
            area.store(TSC, 8, processor.tscOf(0));
            area.store(NANOS, 8, machine.guestNanos(nanos) - machine.tscAt(nanos));
            area.store(MULTIPLIER, 4, multiplier(processor.tscKhz(), shift));
            area.store(SHIFT, 1, shift);
            area.store(FLAGS, 1, STABLE | area.load(FLAGS, 1) & GUEST_STOPPED);
        });
    }

    /// Sets the flag that the guest was stopped.
    ///
    /// @return whether it has this clock
    boolean guestStopped() {
        if ((register & ENABLED) == 0) {
            return false;
        }
        GuestArea area = new GuestArea(machine.memory(), register & ~1L);
        area.change(VERSION, () -> area.store(FLAGS, 1, area.load(FLAGS, 1) | GUEST_STOPPED));
        return true;
    }

    /// By how much ticks are to be shifted to the left, so that the multiplier has all of its 32 bits.
    private static int shift(int khz) {
        int shift = 0;
        while (multiplier(khz, shift) >>> 32 != 0) {
            shift++;
        }
        while (multiplier(khz, shift) >>> 31 == 0) {
            shift--;
        }
        return shift;
    }

    /// Nanoseconds for one shifted tick, times 2 to the 32.
    private static long multiplier(int khz, int shift) {
        return (shift >= 0 ? KHZ_PER_GHZ << 32 - shift : KHZ_PER_GHZ << 32 << -shift) / khz;
    }

    void reset() {
        register = 0;
    }

    /// Tells, in the structure at `gpa`, what time of day it was when the clock was zero. At address 0 there is none.
    static boolean wallClock(PvMachine machine, long gpa) {
        if (gpa == 0) {
            return true;
        }
        GuestArea area = new GuestArea(machine.memory(), gpa);
        area.change(0, () -> {
            long boot = machine.clock().wallNanos() - machine.guestNanos(machine.clock().nanos());
            area.store(4, 4, Math.floorDiv(boot, 1_000_000_000L));
            area.store(8, 4, Math.floorMod(boot, 1_000_000_000L));
        });
        return true;
    }
}
