// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/// Work that is done on an executor's threads whenever somebody has asked for it: a virtual processor that rings a
/// doorbell does no more than [#wake].
///
/// It runs on one thread at a time, and once more for whoever asks while it runs.
public final class Worker implements Runnable {
    private static final int IDLE = 0, ACTIVE = 1, AGAIN = 2;

    /// The work.
    @FunctionalInterface
    public interface Turn {
        /// Does what there is to do, up to a bound, so that others on the same thread get their turn.
        ///
        /// @return whether that bound was met
        boolean take();
    }

    private final Turn turn;
    private final Executor executor;
    private final AtomicInteger state = new AtomicInteger();

    public Worker(Executor executor, Turn turn) {
        this.turn = turn;
        this.executor = executor;
    }

    /// Cheap, and safe from any thread.
    public void wake() {
        // A run that is to come sees what its wakers did before.
        if (state.get() != AGAIN && state.getAndUpdate(now -> now == IDLE ? ACTIVE : AGAIN) == IDLE) {
            enqueue();
        }
    }

    private void enqueue() {
        try {
            executor.execute(this);
        } catch (RejectedExecutionException _) {
            // The machine is being taken down; nobody waits for an answer any more.
            state.set(IDLE);
        }
    }

    @Override
    public void run() {
        do {
            state.set(ACTIVE);
            if (turn.take()) {
                enqueue();
                return;
            }
        } while (!state.compareAndSet(ACTIVE, IDLE));
    }
}
