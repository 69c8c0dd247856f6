// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import org.javisor.memory.Slack;

/// An event count: lets one thread sleep until somebody signals, without losing a signal that comes while it makes up
/// its mind.
///
/// The sleeper takes [#sequence], looks whether there is anything to do, and if not calls [#await] with what it took.
/// Any number of threads may signal; signalling a thread that is awake costs one atomic addition.
final class WakeSignal {
    private static final VarHandle SEQUENCE;

    static {
        try {
            SEQUENCE = MethodHandles.lookup().findVarHandle(WakeSignal.class, "sequence", int.class);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    private volatile int sequence;
    private volatile Thread sleeper;
    private final Slack slack = new Slack();

    int sequence() {
        return sequence;
    }

    /// Whether somebody has signalled since the sequence was `seen`.
    boolean signalled(int seen) {
        return sequence != seen;
    }

    void signal() {
        SEQUENCE.getAndAdd(this, 1);
        Thread thread = sleeper;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    /// Sleeps until somebody has signalled since the sequence was `seen`, or the thread is interrupted.
    void await(int seen) {
        Thread thread = Thread.currentThread();
        sleeper = thread;
        while (sequence == seen && !thread.isInterrupted()) {
            LockSupport.park(this);
        }
        sleeper = null;
    }

    /// As [#await(int)], but no longer than so many nanoseconds.
    void await(int seen, long nanos) {
        long start = System.nanoTime();
        Thread thread = Thread.currentThread();
        sleeper = thread;
        while (sequence == seen && !thread.isInterrupted() && System.nanoTime() - start < nanos) {
            slack.rest(this, start + nanos - System.nanoTime());
        }
        sleeper = null;
    }
}
