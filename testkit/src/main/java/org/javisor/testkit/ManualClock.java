// SPDX-License-Identifier: Apache-2.0
package org.javisor.testkit;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.javisor.memory.Clock;

/// A clock that stands still until a test advances it.
///
/// Timers expire in order of their deadlines (equal ones in the order they were armed), on the thread that advances,
/// with the clock standing at the deadline. One armed for a time that has passed expires at the next [#advance], even
/// by zero. Safe to arm from several threads; only one may advance.
public final class ManualClock implements Clock {
    private final List<ManualTimer> armed = new ArrayList<>();
    private final long wallAtPowerOn;
    private volatile long now;
    private long sequence;

    public ManualClock() {
        this(0);
    }

    /// @param wallAtPowerOn nanoseconds since 1970 when [#nanos] is zero
    public ManualClock(long wallAtPowerOn) {
        this.wallAtPowerOn = wallAtPowerOn;
    }

    @Override
    public long nanos() {
        return now;
    }

    @Override
    public long wallNanos() {
        return wallAtPowerOn + now;
    }

    /// Lets `nanos` nanoseconds pass, and everything happen that is due in them.
    public void advance(long nanos) {
        advanceTo(now + nanos);
    }

    /// Lets time pass until `atNanos`; does not go backward.
    public void advanceTo(long atNanos) {
        for (ManualTimer due = takeDue(atNanos); due != null; due = takeDue(atNanos)) {
            now = Math.max(now, due.deadline);
            due.onExpiry.run();
        }
        now = Math.max(now, atNanos);
    }

    /// The earliest deadline, or [Long#MAX_VALUE] when nothing is armed.
    public synchronized long nextDeadline() {
        return armed.stream().mapToLong(t -> t.deadline).min().orElse(Long.MAX_VALUE);
    }

    private synchronized ManualTimer takeDue(long atNanos) {
        ManualTimer first = armed.stream()
                .filter(t -> t.deadline <= atNanos)
                .min(Comparator.comparingLong((ManualTimer t) -> t.deadline).thenComparingLong(t -> t.order))
                .orElse(null);
        armed.remove(first);
        return first;
    }

    @Override
    public Timer timer(Runnable onExpiry) {
        return new ManualTimer(onExpiry);
    }

    private final class ManualTimer implements Timer {
        private final Runnable onExpiry;
        private long deadline;
        private long order;

        ManualTimer(Runnable onExpiry) {
            this.onExpiry = onExpiry;
        }

        @Override
        public void arm(long atNanos) {
            synchronized (ManualClock.this) {
                armed.remove(this);
                deadline = atNanos;
                order = sequence++;
                armed.add(this);
            }
        }

        @Override
        public void cancel() {
            synchronized (ManualClock.this) {
                armed.remove(this);
            }
        }
    }
}
