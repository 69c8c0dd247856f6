// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/// The threads on which devices serve requests, so that no vCPU waits for a disk.
final class DeviceThreads implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 30;

    private final List<ExecutorService> threads = new CopyOnWriteArrayList<>();

    /// Starts one more.
    ///
    /// @param name of the device, for people who look at threads
    ExecutorService start(String name) {
        return start(name, 1);
    }

    /// Starts several, for a device that can do several things at once. Those that are never needed cost nothing.
    ExecutorService start(String name, int count) {
        ExecutorService pool = Executors.newFixedThreadPool(count,
                Thread.ofPlatform().name("javisor-" + name.replace(' ', '-')).daemon().factory());
        threads.add(pool);
        return pool;
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
