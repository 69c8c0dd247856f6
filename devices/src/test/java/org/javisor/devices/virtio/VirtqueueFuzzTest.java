// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.javisor.devices.ByteSink;
import org.javisor.devices.block.RawImage;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Drivers that put anything into their rings: nothing may throw, hang, or write where no buffer is.
class VirtqueueFuzzTest {
    private static final int ROUNDS = 3_000, SIZE = 8;
    /// Beyond all queues and buffers; nobody has business there.
    private static final long CANARY = FakeDriver.RAM_BYTES - 4096;

    @TempDir
    private Path directory;

    @Test
    void entropySurvivesHostileRings() {
        fuzz(new FakeDriver<>(_ -> new VirtioEntropy(bytes -> Arrays.fill(bytes, (byte) 1))));
    }

    @Test
    void consoleSurvivesHostileRings() {
        fuzz(new FakeDriver<>(_ -> new VirtioConsole(ByteSink.NOWHERE, 80, 25)));
    }

    @Test
    void blockSurvivesHostileRings() throws Exception {
        Path file = directory.resolve("disk");
        Files.write(file, new byte[64 << 10]);
        try (RawImage disk = RawImage.open(file, false)) {
            fuzz(new FakeDriver<>(memory -> new VirtioBlock(memory, disk, "fuzz", 2)));
        }
        assertTrue(Files.size(file) <= 64 << 10);
    }

    private static <S extends Record> void fuzz(FakeDriver<S> driver) {
        SplittableRandom random = Seeds.random("VirtqueueFuzzTest");
        int broken = 0;
        try (driver) {
            driver.memory.storeLong(CANARY, 0x0123_4567_89ab_cdefL);
            for (int round = 0; round < ROUNDS; round++) {
                driver.start(driver.offered() & random.nextLong(), SIZE);
                int queues = (int) driver.get(FakeDriver.NUM_QUEUES, 2);
                for (int i = 0; i < 4; i++) {
                    mistreat(driver, random, random.nextInt(queues));
                }
                broken += driver.pci.needsReset() ? 1 : 0;
                if (random.nextInt(16) == 0) {
                    driver.pci.load(driver.pci.save());
                }
            }
            assertEquals(0x0123_4567_89ab_cdefL, driver.memory.loadLong(CANARY));
        }
        // The fuzzer is worth something only if it reaches both sides of the checks.
        assertTrue(broken > ROUNDS / 10, "violations: " + broken);
        assertTrue(broken < ROUNDS, "violations: " + broken);
    }

    private static void mistreat(FakeDriver<?> driver, SplittableRandom random, int queue) {
        long table = FakeDriver.base(queue);
        int damage = random.nextInt(4);
        if (damage == 0) {
            for (int i = 0; i < SIZE; i++) {
                describe(driver, random, table, i);
                describe(driver, random, 0x60_0000, i);
            }
        } else {
            describeRequest(driver, random, table);
            if (damage == 1) {
                describe(driver, random, table, random.nextInt(4));
            }
        }
        if (random.nextInt(16) == 0) {
            driver.memory.storeShort(FakeDriver.avail(queue) + 2, (short) random.nextInt(0x10000));
        }
        driver.makeAvailable(queue, random.nextInt(32) == 0 ? random.nextInt(0x10000) : 0);
        driver.kick(queue);
    }

    /// A disk request as it should be, of any type and place: header, data out, data in, status.
    private static void describeRequest(FakeDriver<?> driver, SplittableRandom random, long table) {
        driver.memory.storeInt(0x20_0000, random.nextInt(14));
        driver.memory.storeLong(0x20_0008, random.nextInt(8) == 0 ? random.nextLong() : random.nextInt(140));
        driver.memory.storeLong(0x20_1000, random.nextInt(140));
        driver.memory.storeLong(0x20_1008, random.nextInt(8));
        driver.descriptor(table, 0, 0x20_0000, 16, 1, 1);
        driver.descriptor(table, 1, 0x20_1000, random.nextBoolean() ? 16 : 512 * random.nextInt(4), 1, 2);
        driver.descriptor(table, 2, 0x20_2000, 512 * random.nextInt(4), 3, 3);
        driver.descriptor(table, 3, 0x20_3000, 1, 2, 0);
    }

    private static void describe(FakeDriver<?> driver, SplittableRandom random, long table, int index) {
        int flags = random.nextInt(8) & (random.nextInt(3) == 0 ? 7 : 3);
        long gpa = random.nextInt(12) == 0 ? random.nextLong() : 0x20_0000 + random.nextInt(0x1000);
        int length = random.nextInt(12) == 0 ? random.nextInt() : random.nextInt(2048);
        if ((flags & 4) != 0 && random.nextInt(4) != 0) {
            gpa = 0x60_0000;
            length = 16 * random.nextInt(SIZE + 1);
        }
        driver.descriptor(table, index, gpa, length, flags, random.nextInt(16) == 0 ? random.nextInt(0x10000)
                : random.nextInt(SIZE));
    }
}
