// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// The threads on which devices serve requests, so that no vCPU waits for a disk.
final class DeviceThreads implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 30, LOOK_NANOS = 100_000;

    private final List<ExecutorService> threads = new CopyOnWriteArrayList<>();
    /// What has been asked of them and is not done.
    private final AtomicInteger unfinished = new AtomicInteger();

    /// Threads whose work is counted.
    private final class Pool extends ThreadPoolExecutor {
        Pool(String name, int count) {
            super(count, count, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
                    Thread.ofPlatform().name("javisor-" + name.replace(' ', '-')).daemon().factory());
        }

        @Override
        public void execute(Runnable work) {
            unfinished.incrementAndGet();
            try {
                super.execute(work);
            } catch (RejectedExecutionException e) {
                unfinished.decrementAndGet();
                throw e;
            }
        }

        @Override
        protected void afterExecute(Runnable work, Throwable thrown) {
            unfinished.decrementAndGet();
        }
    }

    /// Starts one more.
    ///
    /// @param name of the device, for people who look at threads
    ExecutorService start(String name) {
        return start(name, 1);
    }

    /// Starts several, for a device that can do several things at once. Those that are never needed cost nothing.
    ExecutorService start(String name, int count) {
        ExecutorService pool = new Pool(name, count);
        threads.add(pool);
        return pool;
    }

    /// Waits until all that was asked of devices is done. The machine is paused, so that nothing is added.
    ///
    /// @throws IllegalStateException if that takes too long: a disk waits for room on the host, perhaps
    void settle() {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (unfinished.get() > 0) {
            if (System.nanoTime() - end > 0) {
                throw new IllegalStateException("devices are still at work after " + PATIENCE_SECONDS + " s");
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    /// Ends those of a device that is gone, when what they had begun is done.
    void end(ExecutorService pool) {
        pool.shutdown();
        await(pool);
        threads.remove(pool);
    }

    /// Returns when what had been begun is done. No vCPU may be running.
    @Override
    public void close() {
        threads.forEach(ExecutorService::shutdown);
        threads.forEach(DeviceThreads::await);
    }

    private static void await(ExecutorService thread) {
        try {
            thread.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
