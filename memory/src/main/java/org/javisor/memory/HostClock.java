// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.javisor.host.HostThread;

/// Guest time that runs with the host's monotonic clock, and can be stopped.
///
/// One thread serves all timers. It sleeps until the earliest deadline ([Slack]).
///
/// Every method may be called from any thread. The lock of the queue is a leaf: nothing is called while it is held.
public final class HostClock implements Clock, AutoCloseable {
    /// Of [#origin]: time stands still.
    public static final long STOPPED = Long.MIN_VALUE;

    private final ReentrantLock lock = new ReentrantLock();
    private final PriorityQueue<HostTimer> armed =
            new PriorityQueue<>(Comparator.comparingLong((HostTimer t) -> t.deadline));
    private final Thread thread;
    private volatile long wallAtPowerOn;
    private final Slack slack = new Slack();

    private volatile Epoch epoch = new Epoch(System.nanoTime(), -1);
    private volatile boolean closed;
    /// Held while callbacks run.
    private final ReentrantLock serving = new ReentrantLock();
    /// The first deadline; written with the lock held.
    private volatile long earliest = Long.MAX_VALUE;
    /// When the thread will look at the queue by itself, by the guest's clock; guarded by the lock.
    private long nextLook = Long.MAX_VALUE;

    /// How the clock runs, until it is stopped or started again.
    ///
    /// @param origin    what to subtract from [System#nanoTime], while it runs
    /// @param stoppedAt the time at which it stands still, or -1 while it runs
    private record Epoch(long origin, long stoppedAt) {
        boolean stopped() {
            return stoppedAt >= 0;
        }
    }

    /// Starts at zero, with the host's wall time, running.
    public HostClock() {
        this(nowWall());
    }

    /// Starts at zero, running.
    ///
    /// @param wallAtPowerOn what [#wallNanos] shall be at zero
    public HostClock(long wallAtPowerOn) {
        this.wallAtPowerOn = wallAtPowerOn;
        this.thread = Thread.ofPlatform().name("javisor-clock").daemon().unstarted(this::serve);
        thread.start();
    }

    private static long nowWall() {
        return ChronoUnit.NANOS.between(Instant.EPOCH, Instant.now());
    }

    @Override
    public long nanos() {
        while (true) {
            Epoch before = epoch;
            long nanos = before.stopped() ? before.stoppedAt : System.nanoTime() - before.origin;
            // Otherwise a reader held up while the clock was stopped and started would see a time still to come.
            if (epoch == before) {
                return nanos;
            }
        }
    }

    /// What [#nanos] subtracts from [System#nanoTime] until it is stopped, or [#STOPPED].
    public long origin() {
        Epoch now = epoch;
        return now.stopped() ? STOPPED : now.origin;
    }

    @Override
    public long wallNanos() {
        return wallAtPowerOn + nanos();
    }

    /// Stops time. Timers that are due expire after [#start]; a callback that has begun may still be running.
    public void stop() {
        lock.lock();
        try {
            if (!epoch.stopped()) {
                epoch = new Epoch(0, nanos());
            }
        } finally {
            lock.unlock();
        }
    }

    /// Lets time go on from where it was stopped.
    public void start() {
        lock.lock();
        try {
            if (epoch.stopped()) {
                epoch = new Epoch(System.nanoTime() - epoch.stoppedAt, -1);
                nextLook = Long.MIN_VALUE;
            }
        } finally {
            lock.unlock();
        }
        LockSupport.unpark(thread);
    }

    /// Tells another time from now on, stopped or not: a machine goes on that was saved. Timers stay armed for the
    /// times that they were.
    ///
    /// @param nanos     not negative, for [#nanos]
    /// @param wallNanos for [#wallNanos]
    public void set(long nanos, long wallNanos) {
        lock.lock();
        try {
            wallAtPowerOn = wallNanos - nanos;
            epoch = epoch.stopped() ? new Epoch(0, nanos) : new Epoch(System.nanoTime() - nanos, -1);
            nextLook = Long.MIN_VALUE;
        } finally {
            lock.unlock();
        }
        LockSupport.unpark(thread);
    }

    /// Ends the thread: no timer expires any more. Time itself goes on.
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }

    @Override
    public Timer timer(Runnable onExpiry) {
        return new HostTimer(onExpiry);
    }

    /// One deadline; queued while armed.
    private final class HostTimer implements Timer {
        private final Runnable onExpiry;
        private long deadline;

        HostTimer(Runnable onExpiry) {
            this.onExpiry = onExpiry;
        }

        @Override
        public void arm(long atNanos) {
            boolean wake;
            lock.lock();
            try {
                armed.remove(this);
                deadline = atNanos;
                armed.add(this);
                changed();
                wake = atNanos < nextLook;
                if (wake) {
                    nextLook = atNanos;
                }
            } finally {
                lock.unlock();
            }
            if (wake) {
                LockSupport.unpark(thread);
            }
        }

        @Override
        public void cancel() {
            lock.lock();
            try {
                armed.remove(this);
                changed();
            } finally {
                lock.unlock();
            }
        }
    }

    private void serve() {
        HostThread.wakePunctually();
        while (!closed) {
            serving.lock();
            try {
                expireAll();
            } finally {
                serving.unlock();
            }
            rest();
        }
    }

    /// What another thread is serving meanwhile is left to it.
    @Override
    public long catchUp() {
        long next = earliest;
        if (next > nanos() || closed || !serving.tryLock()) {
            return next;
        }
        try {
            expireAll();
        } finally {
            serving.unlock();
        }
        return earliest;
    }

    private void expireAll() {
        for (HostTimer due = takeDue(); due != null; due = takeDue()) {
            expire(due);
        }
    }

    /// A callback that throws is a bug of its owner's, who is told; the other timers go on.
    private static void expire(HostTimer due) {
        try {
            due.onExpiry.run();
        } catch (RuntimeException | AssertionError e) {
            Thread self = Thread.currentThread();
            self.getUncaughtExceptionHandler().uncaughtException(self, e);
        }
    }

    private void changed() {
        HostTimer first = armed.peek();
        earliest = first == null ? Long.MAX_VALUE : first.deadline;
    }

    private HostTimer takeDue() {
        lock.lock();
        try {
            HostTimer first = armed.peek();
            if (first != null && !epoch.stopped() && first.deadline <= nanos()) {
                armed.poll();
                changed();
                return first;
            }
            nextLook = first == null || epoch.stopped() ? Long.MAX_VALUE : first.deadline;
            return null;
        } finally {
            lock.unlock();
        }
    }

    /// Sleeps until the planned look, or until a timer is armed for an earlier time.
    private void rest() {
        long until = nextLookLocked();
        if (until == Long.MAX_VALUE) {
            LockSupport.park(this);
            return;
        }
        slack.rest(this, until - nanos());
    }

    private long nextLookLocked() {
        lock.lock();
        try {
            return nextLook;
        } finally {
            lock.unlock();
        }
    }
}
