// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import org.javisor.host.HostMemory;

/// Tells the guest how long its processor wanted to execute and could not, and whether it executes now. While it
/// sleeps, others may leave it word that its translations are to be forgotten, in place of an interrupt.
///
/// @linux Documentation/virt/kvm/x86/msr.rst "MSR_KVM_STEAL_TIME"
final class KvmStealTime {
    private static final int ENABLED = 1, RESERVED = 0x3e;
    private static final int STEAL = 0, VERSION = 8, FLAGS = 12, PREEMPTED = 16, BYTES = 64;
    private static final int AWAY = 1, FLUSH_TLB = 2;
    /// Asking the host costs microseconds.
    private static final long INTERVAL = 4_000_000;

    private final PvMachine machine;
    private final PvProcessor processor;
    private long register;
    private long last;
    private long askedAt;

    KvmStealTime(PvMachine machine, PvProcessor processor) {
        this.machine = machine;
        this.processor = processor;
    }

    long register() {
        return register;
    }

    boolean register(long value) {
        if ((value & RESERVED) != 0) {
            return false;
        }
        register = value;
        last = processor.stolenNanos();
        askedAt = System.nanoTime() - INTERVAL;
        update();
        return true;
    }

    private boolean on() {
        return (register & ENABLED) != 0;
    }

    private long gpa() {
        return register & -BYTES;
    }

    /// The processor has been let go on: brings the account up to date, now and then.
    void update() {
        long now = System.nanoTime();
        if (!on() || now - askedAt < INTERVAL) {
            return;
        }
        askedAt = now;
        long stolen = processor.stolenNanos();
        long more = stolen - last;
        last = stolen;
        GuestArea area = new GuestArea(machine.memory(), gpa());
        area.change(VERSION, () -> {
            area.store(STEAL, 8, area.load(STEAL, 8) + more);
            area.store(FLAGS, 4, 0);
        });
    }

    /// The processor goes to sleep.
    void away() {
        if (on() && word() != 0) {
            HostMemory.getAndBitwiseOrInt(word(), AWAY);
            machine.memory().written(gpa() + PREEMPTED, 4);
        }
    }

    /// The processor is back.
    ///
    /// @return whether it has to forget its translations
    boolean back() {
        if (!on() || word() == 0) {
            return false;
        }
        int before = HostMemory.getAndBitwiseAndInt(word(), ~0xff);
        machine.memory().written(gpa() + PREEMPTED, 4);
        return (before & FLUSH_TLB) != 0;
    }

    /// Where the word is whose lowest byte tells; 0 if it is not in memory that can be written.
    private long word() {
        long gpa = gpa() + PREEMPTED;
        return machine.memory().backsWrites(gpa, 4) ? machine.memory().hva(gpa, 4) : 0;
    }

    void reset() {
        register = 0;
    }
}
