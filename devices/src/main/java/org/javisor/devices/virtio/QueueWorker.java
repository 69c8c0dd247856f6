// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// Serves the requests of one queue on an executor's threads, so that a virtual processor that notifies the
/// device does no more than wake it.
///
/// Its lock is held while a request is served: who has stopped it under that lock knows that no guest memory
/// is touched any more. It is never held while the driver is interrupted.
final class QueueWorker implements Runnable {
    /// After so many requests the other queues on the same thread get their turn.
    private static final int TURN = 256;

    /// What a worker needs of its transport.
    interface Transport {
        boolean mayReachMemory();

        void interrupt(int queue);

        void fail(QueueViolation violation);
    }

    private enum Outcome { IDLE, SERVED, SERVED_AND_INTERRUPT }

    private final int index;
    private final SplitQueue queue;
    private final VirtioDevice<?> device;
    private final Transport transport;
    private final Executor executor;
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private boolean running;

    QueueWorker(int index, SplitQueue queue, VirtioDevice<?> device, Transport transport, Executor executor) {
        this.index = index;
        this.queue = queue;
        this.device = device;
        this.transport = transport;
        this.executor = executor;
    }

    /// Cheap, and safe from any thread.
    void wake() {
        if (scheduled.compareAndSet(false, true)) {
            try {
                executor.execute(this);
            } catch (RejectedExecutionException _) {
                // The machine is being taken down; nobody waits for an answer any more.
                scheduled.set(false);
            }
        }
    }

    synchronized void start() {
        running = queue.enabled();
    }

    /// When this returns, the queue is not worked on any more.
    synchronized void stop() {
        running = false;
    }

    synchronized void resetQueue() {
        running = false;
        queue.reset();
    }

    synchronized SplitQueue.State save() {
        return queue.save();
    }

    @Override
    public void run() {
        scheduled.set(false);
        try {
            for (int turn = 0; turn < TURN; turn++) {
                Outcome outcome = serveOne();
                if (outcome == Outcome.IDLE) {
                    return;
                }
                if (outcome == Outcome.SERVED_AND_INTERRUPT) {
                    transport.interrupt(index);
                }
            }
            wake();
        } catch (QueueViolation violation) {
            stop();
            transport.fail(violation);
        } catch (OutOfRangeException _) {
            // Buffers were in memory when the request was taken: the board has taken the memory away since.
            stop();
            transport.fail(new QueueViolation("a buffer outside memory"));
        }
    }

    private synchronized Outcome serveOne() throws QueueViolation {
        if (!running || !transport.mayReachMemory() || !device.ready(index)) {
            return Outcome.IDLE;
        }
        int translations = queue.memory().begin();
        try {
            DescriptorChain request = queue.take();
            if (request == null) {
                return Outcome.IDLE;
            }
            queue.complete(request, device.serve(index, request));
            return queue.needsInterrupt() ? Outcome.SERVED_AND_INTERRUPT : Outcome.SERVED;
        } finally {
            queue.memory().end(translations);
        }
    }
}
