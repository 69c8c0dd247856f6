// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import java.util.function.BooleanSupplier;

/// How long one halted processor's thread looks for work before it sleeps: waking a thread takes longer than many waits
/// do. As KVM does it, it looks longer after waits that were short, and not at all after one that was long.
final class HaltPoll {
    private static final long FIRST = 10_000;

    private final long most;
    private final PollRoom room;
    private long nanos;

    /// @param most nanoseconds; 0 for never
    HaltPoll(long most, PollRoom room) {
        this.most = most;
        this.room = room;
    }

    /// Looks for a while whether there is work.
    ///
    /// @param start when the wait began, by [System#nanoTime]
    /// @return whether there is
    boolean finds(long start, BooleanSupplier work) {
        if (nanos == 0 || !room.enter()) {
            return false;
        }
        try {
            while (!work.getAsBoolean()) {
                if (System.nanoTime() - start >= nanos) {
                    return false;
                }
                Thread.onSpinWait();
            }
            return true;
        } finally {
            room.leave();
        }
    }

    /// The wait is over.
    ///
    /// @param waited for how long it took, in nanoseconds
    void over(long waited) {
        if (waited > most) {
            nanos = 0;
        } else if (waited > nanos) {
            nanos = Math.min(Math.max(2 * nanos, FIRST), most);
        }
    }

    /// How long it looks now.
    long nanos() {
        return nanos;
    }
}
