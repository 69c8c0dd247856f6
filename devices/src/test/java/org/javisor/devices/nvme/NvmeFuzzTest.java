// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.javisor.devices.block.MemoryDisk;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Drivers that put anything into queues, PRP lists and doorbells: nothing may throw, hang, or write where no data is.
class NvmeFuzzTest {
    private static final int ROUNDS = 600, COMMANDS = 40, DEFAULT_MINUTES = 60;
    private static final long DATA = NvmeDriver.DATA, LIST = 0x1f_0000;
    /// Beyond all queues and data; nobody has business there.
    private static final long CANARY = NvmeDriver.RAM_BYTES - 4096, CANARY_VALUE = 0x0123_4567_89ab_cdefL;

    @Test
    void hostileDriversForAWhile() {
        int[] round = {0};
        fuzz(() -> round[0]++ < ROUNDS);
    }

    @Test
    @Tag("slow")
    void hostileDriversForALongTime() {
        long end = System.nanoTime()
                + TimeUnit.MINUTES.toNanos(Integer.getInteger("javisor.minutes", DEFAULT_MINUTES));
        fuzz(() -> System.nanoTime() < end);
    }

    private static void fuzz(BooleanSupplier more) {
        SplittableRandom random = Seeds.random("NvmeFuzzTest");
        int[] outcomes = new int[2];
        while (more.getAsBoolean()) {
            try (NvmeDriver driver = new NvmeDriver(new MemoryDisk(1 << 20))) {
                driver.memory.storeLong(CANARY, CANARY_VALUE);
                driver.start(2);
                for (int i = 0; i < COMMANDS; i++) {
                    mistreat(driver, random, outcomes);
                }
                assertEquals(CANARY_VALUE, driver.memory.loadLong(CANARY));
            }
        }
        // The fuzzer is worth something only if it reaches both sides of the checks.
        int all = outcomes[0] + outcomes[1];
        assertTrue(outcomes[0] > all / 20 && outcomes[1] > all / 20, outcomes[0] + " of " + all + " succeeded");
    }

    private static void mistreat(NvmeDriver driver, SplittableRandom random, int[] outcomes) {
        for (int i = 0; i < 8; i++) {
            driver.memory.storeLong(LIST + 8L * (random.nextInt(5) == 0 ? 511 - i : i), address(random));
        }
        int queue = random.nextInt(3);
        for (int i = random.nextInt(1, 5); i > 0; i--) {
            command(driver, random, queue);
        }
        driver.ring(queue);
        for (NvmeDriver.Completion done = driver.take(queue); done != null; done = driver.take(queue)) {
            outcomes[done.status() == 0 ? 0 : 1]++;
        }
        driver.taken(queue);
        switch (random.nextInt(40)) {
            case 0 -> driver.doorbell(random.nextInt(14), random.nextInt(0x10000));
            case 1 -> driver.set(random.nextInt(0x1080) & -4, 4, random.nextInt());
            case 2 -> driver.nvme.load(driver.nvme.save());
            case 3 -> driver.start(2);
            default -> { }
        }
    }

    private static void command(NvmeDriver driver, SplittableRandom random, int queue) {
        if (queue == 0 && random.nextInt(12) == 0) {
            // Its doorbells are among what other commands read and write.
            driver.put(0, NvmeLayout.DOORBELL_BUFFER_CONFIG, 0, address(random) & -4096, address(random) & -4096);
            return;
        }
        int opcode = random.nextInt(16) == 0 ? random.nextInt(0x10000) : random.nextInt(queue == 0 ? 13 : 10);
        int id = random.nextInt(4);
        driver.put(queue, opcode, random.nextInt(8) == 0 ? random.nextInt() : random.nextInt(8) == 0 ? 0 : 1,
                address(random), address(random), queue == 0 ? id | random.nextInt(20) << 16 : random.nextInt(2050),
                random.nextInt(16) == 0 ? random.nextInt() : queue == 0 ? random.nextInt(4) | id << 16 : 0,
                random.nextInt(16) == 0 ? random.nextInt() : random.nextInt(32), random.nextInt(64));
    }

    private static long address(SplittableRandom random) {
        return switch (random.nextInt(10)) {
            case 0 -> random.nextLong();
            case 1 -> NvmeDriver.ROM;
            case 2, 3 -> LIST + (random.nextBoolean() ? 0 : 4096 - 8L * random.nextInt(4));
            case 4 -> DATA + random.nextInt(1 << 16);
            default -> DATA + 4096L * random.nextInt(16);
        };
    }
}
