// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

/// The output of a periodic timer that loses no tick when the host keeps the guest from running: a tick that finds
/// the one before still waiting for a processor is delivered later.
///
/// Guests that count ticks would otherwise lose time, and take a timer that misses too many for broken. The first
/// [#BURST] of a backlog follow each other as fast as the guest takes them, so that one that looks whether the timer
/// works finds enough; the others leave it time for something else. The backlog is limited, and forgotten when the
/// timer is set anew. Safe for use by any thread; drives the wire without its lock.
public final class TickLine {
    /// How many ticks it remembers at most.
    public static final int LIMIT = 1_000;

    /// How many ticks of a backlog are delivered at once. Linux wants to see five.
    public static final int BURST = 6;

    /// How often a backlog looks whether there is room for one more, when nobody tells.
    private static final long RETRY_NANOS = 500_000;

    /// Ticks that are still to be delivered.
    ///
    /// @param delivered how many were since there were none
    /// @param retryAt   when to look whether there is room, by the clock
    public record State(int backlog, int delivered, long retryAt) {
        public State {
            if (backlog < 0 || backlog > LIMIT || delivered < 0) {
                throw new IllegalArgumentException("a backlog of " + backlog + " ticks");
            }
        }
    }

    private final Clock clock;
    private final InterruptLine line;
    private final Clock.Timer retry;
    private long retryAt;
    private int backlog;
    /// Ticks delivered since there was no backlog.
    private int delivered;
    /// Whether the wire will tell.
    private boolean asked;
    /// Whether a thread delivers, and whether it is to look once more: two at once might send one edge for two ticks.
    private boolean delivering, again;

    public TickLine(Clock clock, InterruptLine line) {
        this.clock = clock;
        this.line = line;
        this.retry = clock.timer(this::deliver);
    }

    /// The timer ticks.
    ///
    /// @param count how many times it has since the last call: more than one if the host was late
    public void tick(int count) {
        synchronized (this) {
            backlog = Math.min(backlog + count, LIMIT);
        }
        deliver();
    }

    /// Forgets the ticks that are still to be delivered.
    public synchronized void forget() {
        backlog = 0;
        delivered = 0;
        retryAt = 0;
        retry.cancel();
    }

    public synchronized State save() {
        return new State(backlog, delivered, retryAt);
    }

    /// Takes over what [#save] gave; the wire is as it was then.
    public void load(State saved) {
        boolean ask;
        synchronized (this) {
            backlog = saved.backlog;
            delivered = saved.delivered;
            retryAt = saved.retryAt;
            ask = backlog > 0 && delivered < BURST && !asked;
            asked |= ask;
            if (backlog > 0) {
                retry.arm(retryAt);
            } else {
                retry.cancel();
            }
        }
        if (ask) {
            line.whenTaken(this::taken);
        }
    }

    private void taken() {
        synchronized (this) {
            asked = false;
        }
        deliver();
    }

    private void deliver() {
        synchronized (this) {
            again = true;
            if (delivering) {
                return;
            }
            delivering = true;
        }
        while (goOn()) {
            offer();
        }
    }

    private synchronized boolean goOn() {
        delivering = again;
        again = false;
        return delivering;
    }

    /// Delivers one tick if there is room, and sees to it that the next one follows.
    private void offer() {
        boolean room = !line.pending();
        boolean tick;
        boolean ask;
        synchronized (this) {
            tick = room && backlog > 0;
            backlog -= tick ? 1 : 0;
            delivered = backlog == 0 ? 0 : tick ? delivered + 1 : delivered;
            ask = backlog > 0 && delivered < BURST && !asked;
            asked |= ask;
            if (backlog > 0) {
                retryAt = clock.nanos() + RETRY_NANOS;
                retry.arm(retryAt);
            }
        }
        if (ask) {
            line.whenTaken(this::taken);
        }
        if (tick) {
            line.pulse();
        }
    }
}
