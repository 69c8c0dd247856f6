// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ahci;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.SplittableRandom;
import org.javisor.devices.ata.AtaLayout;
import org.javisor.devices.pci.PciHost;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Drivers that put anything into registers, lists, tables and PRDs: nothing may throw, hang, or write where no buffer
/// is.
class AhciFuzzTest {
    private static final int ROUNDS = 4_000;
    private static final long CANARY = PciHost.RAM_BYTES - 4096;
    private static final int[] COMMANDS = {AtaLayout.READ_DMA_EXT, AtaLayout.WRITE_DMA_EXT, AtaLayout.READ_SECTORS,
        AtaLayout.WRITE_MULTIPLE_EXT, AtaLayout.READ_FPDMA_QUEUED, AtaLayout.WRITE_FPDMA_QUEUED, AtaLayout.SMART,
        AtaLayout.DATA_SET_MANAGEMENT, AtaLayout.IDENTIFY_DEVICE, AtaLayout.PACKET, AtaLayout.SET_FEATURES,
        AtaLayout.READ_LOG_EXT, AtaLayout.IDENTIFY_PACKET_DEVICE, AtaLayout.FLUSH_CACHE_EXT};

    private int served;
    private int stopped;

    @Test
    void hostileDriversGetErrorsAndNothingElse() {
        SplittableRandom random = Seeds.random("AhciFuzzTest");

        fuzz(random, ROUNDS);

        // The fuzzer is worth something only if it reaches both sides of the checks.
        assertTrue(served > ROUNDS / 10, "served: " + served);
        assertTrue(stopped > ROUNDS / 10, "stopped: " + stopped);
    }

    /// For as many minutes as `-Djavisor.minutes` says.
    @Test
    @Tag("slow")
    void hostileDriversForALongTime() {
        SplittableRandom random = Seeds.random("AhciFuzzTest");
        long end = System.nanoTime() + Duration.ofMinutes(Long.getLong("javisor.minutes", 60)).toNanos();
        while (System.nanoTime() < end) {
            fuzz(random.split(), ROUNDS);
        }
        assertTrue(served > 0);
    }

    private void fuzz(SplittableRandom random, int rounds) {
        try (AhciDriver driver = new AhciDriver()) {
            driver.host.memory.storeLong(CANARY, 0x0123_4567_89ab_cdefL);
            byte[] before = driver.data(CANARY - 64, 128);
            for (int round = 0; round < rounds; round++) {
                mistreat(driver, random);
                if (random.nextInt(32) == 0) {
                    driver.controller.load(driver.controller.save());
                }
            }
            assertArrayEquals(before, driver.data(CANARY - 64, 128));
            assertEquals(AhciDriver.DISK_BYTES, driver.disk.bytes());
        }
    }

    private void mistreat(AhciDriver driver, SplittableRandom random) {
        int port = random.nextInt(3);
        if (random.nextInt(4) != 0) {
            driver.set(AhciLayout.GHC, AhciLayout.GHC_RESET);
        }
        driver.start(port);
        for (int i = random.nextInt(4); i > 0; i--) {
            int register = random.nextInt(0x200) & ~3;
            // Lists and FISes stay in the lower half, so that the canary is nobody's.
            boolean address = register >= 0x100 && (register & 0x70) == 0;
            driver.set(register, address ? random.nextInt(1 << 20) : random.nextInt());
        }
        if (random.nextBoolean()) {
            driver.restart(port);
        }
        int slots = random.nextInt();
        for (int slot = 0; slot < 32; slot++) {
            describe(driver, random, port, slot);
        }
        driver.set(port, AhciDriver.SACT, slots);
        driver.set(port, AhciDriver.CI, slots);
        served += Integer.bitCount(slots & ~driver.get(port, AhciDriver.CI)) > 0 ? 1 : 0;
        stopped += (driver.get(port, AhciDriver.IS) & 0x7800_0000) != 0 ? 1 : 0;
    }

    private static void describe(AhciDriver driver, SplittableRandom random, int port, int slot) {
        int code = random.nextInt(8) == 0 ? random.nextInt(256) : COMMANDS[random.nextInt(COMMANDS.length)];
        long lba = random.nextInt(4) == 0 ? random.nextLong(1L << 48) : random.nextInt(2048);
        int small = random.nextInt(16);
        driver.describe(port, slot, new AhciDriver.Command(code, lba,
                AtaLayout.queued(code) ? slot << 3 : small, small, random.nextInt(256) | AtaLayout.LBA),
                place(random), length(random), length(random), length(random));
        driver.header(port, slot, 5 | random.nextInt(8) << 5, random.nextInt(16) == 0 ? 0xffff : 3);
        if (random.nextInt(8) == 0) {
            // A table whose data is the table itself.
            driver.prd(slot, 0, AhciDriver.table(slot), 4096);
        }
        if (random.nextInt(8) == 0) {
            driver.host.memory.storeByte(AhciDriver.table(slot) + random.nextInt(20), (byte) random.nextInt());
        }
        for (int i = 0; i < 12; i++) {
            driver.host.memory.storeByte(AhciDriver.table(slot) + AhciLayout.T_PACKET + i, packetByte(random, i));
        }
    }

    private static byte packetByte(SplittableRandom random, int at) {
        return (byte) (at == 0 && random.nextBoolean() ? 0x28 : random.nextInt(4) == 0 ? random.nextInt() : 0);
    }

    private static long place(SplittableRandom random) {
        return switch (random.nextInt(6)) {
            case 0 -> random.nextLong();
            case 1 -> PciHost.RAM_BYTES + random.nextInt(1 << 20);
            default -> AhciDriver.DATA + random.nextInt(1 << 19);
        };
    }

    private static int length(SplittableRandom random) {
        return 1 + random.nextInt(random.nextInt(4) == 0 ? 1 << 19 : 4096);
    }
}
