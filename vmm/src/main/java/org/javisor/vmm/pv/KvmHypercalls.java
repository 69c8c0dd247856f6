// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import org.javisor.memory.GuestMemory;

/// KVM's calls.
///
/// @linux Documentation/virt/kvm/x86/hypercalls.rst
public final class KvmHypercalls {
    private static final int VAPIC_POLL_IRQ = 1, KICK_CPU = 5, CLOCK_PAIRING = 9, SEND_IPI = 10, SCHED_YIELD = 11;
    /// The call for a range of pages.
    public static final int MAP_GPA_RANGE = 12;
    static final long NO_SUCH_CALL = -1000, NOT_PERMITTED = -1, BAD_ADDRESS = -14, INVALID = -22, NOT_SUPPORTED = -95;
    /// What an interrupt command may not say where a bitmap tells whom it concerns: a logical destination, a shorthand.
    private static final int OTHER_DESTINATIONS = 0xc_0800;
    /// What else it may say: vector, mode, level, trigger.
    private static final int COMMAND = 0xc7ff;
    private static final int PAIRING_BYTES = 64;

    private final PvMachine machine;
    private final boolean announced;

    /// @param announced whether guests are told of KVM's interface: what has a feature bit is there only then
    ///     (`KVM_CAP_ENFORCE_PV_FEATURE_CPUID`)
    public KvmHypercalls(PvMachine machine, boolean announced) {
        this.machine = machine;
        this.announced = announced;
    }

    /// Executes a call.
    ///
    /// @param wide whether numbers and arguments have 64 bits; else their upper halves are zero
    /// @param cpl  at which the guest called
    /// @return what RAX becomes
    public long call(PvProcessor caller, int cpl, boolean wide, long number, long a0, long a1, long a2, long a3) {
        if (cpl != 0) {
            return NOT_PERMITTED;
        }
        if (number != (int) number || !announced && hasFeatureBit((int) number)) {
            return NO_SUCH_CALL;
        }
        return switch ((int) number) {
            case VAPIC_POLL_IRQ -> 0;
            case KICK_CPU -> {
                machine.unhalt((int) a1);
                yield 0;
            }
            case CLOCK_PAIRING -> pairClocks(caller, a0, a1);
            case SEND_IPI -> sendIpis(wide, a0, a1, (int) a2, a3);
            case SCHED_YIELD -> {
                Thread.yield();
                yield 0;
            }
            case MAP_GPA_RANGE -> mapRange(a0, a1);
            default -> NO_SUCH_CALL;
        };
    }

    private static boolean hasFeatureBit(int number) {
        return number == KICK_CPU || number == SEND_IPI || number == SCHED_YIELD || number == MAP_GPA_RANGE;
    }

    /// Sends an interrupt to the processors whose bit is set in one of two words.
    ///
    /// @param first the APIC id of the lowest bit of the first word; the second begins where that ends
    private long sendIpis(boolean wide, long low, long high, int first, long command) {
        if ((command & OTHER_DESTINATIONS) != 0) {
            return INVALID;
        }
        return sendIpis(low, first, (int) command & COMMAND)
                + sendIpis(high, first + (wide ? Long.SIZE : Integer.SIZE), (int) command & COMMAND);
    }

    private int sendIpis(long targets, int first, int command) {
        int sent = 0;
        for (long left = targets; left != 0; left &= left - 1) {
            long id = Integer.toUnsignedLong(first) + Long.numberOfTrailingZeros(left);
            if (id < machine.processors() && machine.interrupt((int) id, command)) {
                sent++;
            }
        }
        return sent;
    }

    /// Tells the time of day and the counter's value at one moment.
    private long pairClocks(PvProcessor caller, long gpa, long type) {
        if (type != 0) {
            return NOT_SUPPORTED;
        }
        GuestArea area = new GuestArea(machine.memory(), gpa);
        if (!area.clear(PAIRING_BYTES)) {
            return BAD_ADDRESS;
        }
        long nanos = machine.clock().nanos();
        long wall = machine.clock().wallNanos();
        area.store(0, 8, Math.floorDiv(wall, 1_000_000_000L));
        area.store(8, 8, Math.floorMod(wall, 1_000_000_000L));
        area.store(16, 8, caller.tscOf(machine.tscAt(nanos)));
        return 0;
    }

    /// The guest says how it wants a range of pages mapped. All memory is the guest's alone here, so there is nothing
    /// to do but to look whether there are such pages.
    private static long mapRange(long gpa, long pages) {
        boolean aligned = gpa % GuestMemory.PAGE_BYTES == 0;
        long last = (gpa >>> GuestMemory.PAGE_SHIFT) + pages;
        return aligned && pages > 0 && last > gpa >>> GuestMemory.PAGE_SHIFT ? 0 : INVALID;
    }
}
