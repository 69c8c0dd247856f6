// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import java.util.concurrent.locks.LockSupport;

/// How one thread sleeps until a time, and not much longer: a parked thread oversleeps by the time it takes to be
/// scheduled, so this learns how long that is at least and asks to be woken so much earlier. What then remains, a few
/// microseconds at most, the thread spins.
public final class Slack {
    /// The longest time to spin for one deadline.
    private static final long SPIN_NANOS = 5_000;
    /// The largest oversleep that is believed to be the host's habit, not an accident.
    private static final long LIMIT_NANOS = 200_000;

    /// How much longer than asked the thread sleeps, at least: falls at once, rises slowly.
    private long nanos = 40_000;

    /// Rests at most about so long; to be called again until the time has come. Another thread ends it by unparking.
    public void rest(Object blocker, long atMost) {
        long toSleep = atMost - nanos;
        if (toSleep > 0) {
            long start = System.nanoTime();
            LockSupport.parkNanos(blocker, toSleep);
            observe(System.nanoTime() - start - toSleep);
        } else if (atMost > SPIN_NANOS) {
            LockSupport.parkNanos(blocker, 1);
        } else if (atMost > 0) {
            Thread.onSpinWait();
        }
    }

    private void observe(long overslept) {
        if (overslept < 0 || overslept > LIMIT_NANOS) {
            return;
        }
        nanos = overslept < nanos ? (nanos + overslept) / 2 : nanos + (overslept - nanos) / 16;
    }
}
