// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.javisor.devices.block.MemoryDisk;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Queues that are worked on in parallel, and a controller that is disabled meanwhile.
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class NvmeQueuesTest {
    private static final int BLOCK = 512, COMMANDS = 2000;

    private final MemoryDisk disk = new MemoryDisk(4 << 20);

    @Test
    void everyProcessorHasAQueueOfItsOwn() throws Exception {
        SplittableRandom random = Seeds.random("NvmeQueuesTest");
        ExecutorService workers = Executors.newFixedThreadPool(2);
        // Memory goes last: whoever fails, the others still use it.
        try (NvmeDriver driver = started(workers);
                workers;
                ExecutorService processors = Executors.newCachedThreadPool()) {
            List<Future<?>> running = new ArrayList<>();
            for (int queue = 1; queue <= NvmeDriver.QUEUES; queue++) {
                int own = queue;
                SplittableRandom choice = random.split();
                running.add(processors.submit(() -> writeAndRead(driver, own, choice)));
            }
            for (Future<?> one : running) {
                one.get();
            }
        }
    }

    private NvmeDriver started(ExecutorService workers) throws ExecutionException, InterruptedException {
        NvmeDriver driver = new NvmeDriver(disk, workers);
        driver.enable();
        await(driver, NvmeLayout.CSTS_READY);
        for (int queue = 1; queue <= NvmeDriver.QUEUES; queue++) {
            driver.put(0, NvmeLayout.CREATE_COMPLETION_QUEUE, 0, NvmeDriver.completions(queue), 0,
                    queue | NvmeDriver.ENTRIES - 1 << 16, 3 | queue << 16);
            driver.put(0, NvmeLayout.CREATE_SUBMISSION_QUEUE, 0, NvmeDriver.submissions(queue), 0,
                    queue | NvmeDriver.ENTRIES - 1 << 16, 1 | queue << 16);
            driver.ring(0);
            assertEquals(0, awaitCompletion(driver, 0).status());
            assertEquals(0, awaitCompletion(driver, 0).status());
            driver.expectPair(queue);
        }
        return driver;
    }

    private static void await(NvmeDriver driver, int status) {
        while (driver.get(NvmeLayout.CSTS) != status) {
            spin();
        }
    }

    /// Ends with the test, which has interrupted its threads then.
    private static void spin() {
        if (Thread.interrupted()) {
            throw new IllegalStateException("still waiting");
        }
        Thread.onSpinWait();
    }

    private static NvmeDriver.Completion awaitCompletion(NvmeDriver driver, int queue) {
        NvmeDriver.Completion completion = driver.take(queue);
        while (completion == null) {
            spin();
            completion = driver.take(queue);
        }
        driver.taken(queue);
        return completion;
    }

    /// Every queue has a part of disk and memory of its own.
    private static void writeAndRead(NvmeDriver driver, int queue, SplittableRandom random) {
        long data = NvmeDriver.DATA + 0x1_0000L * queue;
        for (int i = 0; i < COMMANDS; i++) {
            int block = 1024 * queue + random.nextInt(512);
            byte[] content = new byte[BLOCK];
            for (int at = 0; at < BLOCK; at++) {
                content[at] = (byte) random.nextInt();
            }
            driver.memory.store(data, content);
            driver.put(queue, NvmeLayout.WRITE, 1, data, 0, block, 0, 0);
            driver.put(queue, NvmeLayout.READ, 1, data + 4096, 0, block, 0, 0);
            driver.ring(queue);
            assertEquals(0, awaitCompletion(driver, queue).status());
            assertEquals(0, awaitCompletion(driver, queue).status());
            assertArrayEquals(content, driver.bytes(data + 4096, BLOCK));
        }
    }

    /// Whatever a worker is doing: when the controller says that it is disabled, memory is the driver's alone.
    @Test
    void aDisabledControllerTouchesNoMemory() throws Exception {
        ExecutorService workers = Executors.newFixedThreadPool(2);
        try (NvmeDriver driver = started(workers); workers) {
            byte[] untouched = new byte[4096];
            for (int round = 0; round < 200; round++) {
                for (int i = 0; i < 8; i++) {
                    driver.put(1, NvmeLayout.READ, 1, NvmeDriver.DATA, 0, i, 0, 7);
                }
                driver.ring(1);
                driver.set(NvmeLayout.CC, 4, 0);
                await(driver, 0);

                driver.memory.store(NvmeDriver.completions(1), untouched);
                driver.memory.store(NvmeDriver.DATA, untouched);
                Thread.yield();
                assertArrayEquals(untouched, driver.bytes(NvmeDriver.DATA, 4096));
                assertArrayEquals(untouched, driver.bytes(NvmeDriver.completions(1), 4096));
                restart(driver);
            }
        }
    }

    private static void restart(NvmeDriver driver) {
        driver.enable();
        await(driver, NvmeLayout.CSTS_READY);
        driver.expectPair(1);
        driver.put(0, NvmeLayout.CREATE_COMPLETION_QUEUE, 0, NvmeDriver.completions(1), 0,
                1 | NvmeDriver.ENTRIES - 1 << 16, 3 | 1 << 16);
        driver.put(0, NvmeLayout.CREATE_SUBMISSION_QUEUE, 0, NvmeDriver.submissions(1), 0,
                1 | NvmeDriver.ENTRIES - 1 << 16, 1 | 1 << 16);
        driver.ring(0);
        assertEquals(0, awaitCompletion(driver, 0).status());
        assertEquals(0, awaitCompletion(driver, 0).status());
    }
}
