// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import org.javisor.memory.GuestMemory;

/// KVM's calls.
///
/// @linux Documentation/virt/kvm/x86/hypercalls.rst
public final class KvmHypercalls {
    private static final int VAPIC_POLL_IRQ = 1, KICK_CPU = 5, CLOCK_PAIRING = 9, SEND_IPI = 10, SCHED_YIELD = 11,
            MAP_GPA_RANGE = 12;
    static final long NO_SUCH_CALL = -1000, NOT_PERMITTED = -1, BAD_ADDRESS = -14, INVALID = -22, NOT_SUPPORTED = -95;
    /// Delivery modes that interrupts between processors may have here: fixed, and NMI.
    private static final int MODE = 0x700, FIXED = 0, NMI = 0x400, VECTOR = 0xff, ASSERT = 0x4000;
    private static final int PAIRING_BYTES = 64;

    private final PvMachine machine;

    public KvmHypercalls(PvMachine machine) {
        this.machine = machine;
    }

    /// Executes a call.
    ///
    /// @param wide whether numbers and arguments have 64 bits and not 32
    /// @param cpl  at which the guest called
    /// @return what RAX becomes
    public long call(PvProcessor caller, int cpl, boolean wide, long number, long a0, long a1, long a2, long a3) {
        if (cpl != 0) {
            return NOT_PERMITTED;
        }
        return switch ((int) (wide ? number : number & 0xffff_ffffL)) {
            case VAPIC_POLL_IRQ -> 0;
            case KICK_CPU -> {
                machine.unhalt((int) a1);
                yield 0;
            }
            case CLOCK_PAIRING -> wide ? pairClocks(caller, a0, a1) : NO_SUCH_CALL;
            case SEND_IPI -> sendIpis(wide, a0, a1, (int) a2, (int) a3);
            case SCHED_YIELD -> {
                Thread.yield();
                yield 0;
            }
            case MAP_GPA_RANGE -> mapRange(a0, a1);
            default -> NO_SUCH_CALL;
        };
    }

    /// Sends an interrupt to the processors whose bit is set in one of two words, the lowest being `first`'s.
    private long sendIpis(boolean wide, long low, long high, int first, int command) {
        int mode = command & MODE;
        if (mode != FIXED && mode != NMI) {
            return INVALID;
        }
        int bits = wide ? Long.SIZE : Integer.SIZE;
        long sent = 0;
        for (int n = 0; n < 2 * bits; n++) {
            long word = n < bits ? low : high;
            if ((word >>> n % bits & 1) != 0 && machine.interrupt(first + n, command & (MODE | VECTOR) | ASSERT)) {
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
        if (!area.backed(PAIRING_BYTES)) {
            return BAD_ADDRESS;
        }
        long nanos = machine.clock().nanos();
        long wall = machine.clock().wallNanos();
        area.store(0, 8, Math.floorDiv(wall, 1_000_000_000L));
        area.store(8, 8, Math.floorMod(wall, 1_000_000_000L));
        area.store(16, 8, caller.tscOf(machine.tscAt(nanos)));
        area.store(24, 4, 0);
        for (int at = 28; at < PAIRING_BYTES; at += 4) {
            area.store(at, 4, 0);
        }
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
