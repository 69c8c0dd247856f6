// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import org.javisor.vmm.irq.ApicBus;

/// KVM's hypercalls: number in RAX, arguments in RBX, RCX, RDX and RSI, the answer in RAX. Outside 64-bit mode each has
/// 32 bits. What is not known is answered with ENOSYS, and what does not come from CPL 0 with EPERM.
///
/// @kvm hypercalls.rst
final class KvmHypercalls {
    static final int VAPIC_POLL_IRQ = 1, SEND_IPI = 10, SCHED_YIELD = 11;
    static final long EPERM = -1, EINVAL = -22, ENOSYS = -1000;
    /// Of [Registers.Segment#attributes].
    private static final int LONG_SEGMENT = 1 << 13;
    private static final long EFER_LMA = 1 << 10;
    private static final long LOW = 0xffff_ffffL;
    /// Of an interrupt command: a destination mode or a shorthand, which has no place where there is a bitmap.
    private static final int NOT_A_BITMAP = 1 << 11 | 3 << 18;

    private final ApicBus apics;
    private final int cpus;

    /// @param cpus processors have the APIC ids below it
    KvmHypercalls(ApicBus apics, int cpus) {
        this.apics = apics;
        this.cpus = cpus;
    }

    /// Executes the hypercall that `caller` has made.
    void call(Registers caller) {
        boolean wide = (caller.segment(Registers.CS).attributes() & LONG_SEGMENT) != 0
                && (caller.paging().efer() & EFER_LMA) != 0;
        long mask = wide ? -1L : LOW;
        long answer = caller.cpl() != 0 ? EPERM : answer((int) (caller.general(Registers.RAX) & mask),
                caller.general(Registers.RBX) & mask, caller.general(Registers.RCX) & mask,
                caller.general(Registers.RDX) & mask, caller.general(Registers.RSI) & mask, wide);
        caller.general(Registers.RAX, answer & mask);
    }

    private long answer(int number, long first, long second, long third, long fourth, boolean wide) {
        return switch (number) {
            case VAPIC_POLL_IRQ -> 0;
            case SEND_IPI -> sendIpi(first, second, third, (int) fourth, wide ? Long.SIZE : Integer.SIZE);
            case SCHED_YIELD -> {
                Thread.yield();
                yield 0;
            }
            default -> ENOSYS;
        };
    }

    /// Sends `command` to the APIC ids from `from` on whose bits are set.
    ///
    /// @return how many it was sent to
    private long sendIpi(long low, long high, long from, int command, int bits) {
        if ((command & NOT_A_BITMAP) != 0) {
            return EINVAL;
        }
        return send(low, from, command) + send(high, from + bits, command);
    }

    private long send(long bitmap, long from, int command) {
        long sent = 0;
        for (long left = bitmap; left != 0; left &= left - 1) {
            long id = from + Long.numberOfTrailingZeros(left);
            if (Long.compareUnsigned(id, cpus) < 0 && apics.deliver((int) id, command)) {
                sent++;
            }
        }
        return sent;
    }
}
