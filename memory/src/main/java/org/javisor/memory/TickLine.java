// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

/// The output of a periodic timer that loses no tick when the host keeps the guest from running: a tick that finds
/// the one before still waiting for a processor is delivered later.
///
/// Guests that count ticks would otherwise lose time, and take a timer that misses too many for broken. The backlog is
/// limited, and forgotten when the timer is set anew. Safe for use by any thread; drives the wire without its lock.
public final class TickLine {
    /// How many ticks it remembers at most.
    public static final int LIMIT = 1_000;

    /// How often a backlog looks whether there is room for one more.
    private static final long RETRY_NANOS = 500_000;

    private final Clock clock;
    private final InterruptLine line;
    private final Clock.Timer retry;
    private int backlog;

    public TickLine(Clock clock, InterruptLine line) {
        this.clock = clock;
        this.line = line;
        this.retry = clock.timer(this::retry);
    }

    /// The timer ticks.
    ///
    /// @param count how many times it has since the last call: more than one if the host was late
    public void tick(int count) {
        boolean room = !line.pending();
        int late = room ? count - 1 : count;
        if (late > 0) {
            synchronized (this) {
                backlog = Math.min(backlog + late, LIMIT);
                retry.arm(clock.nanos() + RETRY_NANOS);
            }
        }
        if (room) {
            line.pulse();
        }
    }

    /// Forgets the ticks that are still to be delivered.
    public synchronized void forget() {
        backlog = 0;
        retry.cancel();
    }

    private void retry() {
        boolean room = !line.pending();
        synchronized (this) {
            if (backlog == 0) {
                return;
            }
            backlog -= room ? 1 : 0;
            if (backlog > 0) {
                retry.arm(clock.nanos() + RETRY_NANOS);
            }
        }
        if (room) {
            line.pulse();
        }
    }
}
