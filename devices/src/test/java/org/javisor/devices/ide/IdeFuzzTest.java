// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ide;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.SplittableRandom;
import org.javisor.devices.ata.AtaLayout;
import org.javisor.devices.pci.PciHost;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Drivers that do anything with registers, regions and packets: nothing may throw, hang, or write where no region is.
class IdeFuzzTest {
    private static final int ROUNDS = 20_000;
    private static final long CANARY = PciHost.RAM_BYTES - 4096;
    private static final int[] COMMANDS = {AtaLayout.READ_DMA, AtaLayout.WRITE_DMA, AtaLayout.READ_SECTORS,
        AtaLayout.WRITE_SECTORS, AtaLayout.READ_MULTIPLE, AtaLayout.WRITE_MULTIPLE, AtaLayout.SET_MULTIPLE_MODE,
        AtaLayout.PACKET, AtaLayout.IDENTIFY_DEVICE, AtaLayout.IDENTIFY_PACKET_DEVICE, AtaLayout.SMART,
        AtaLayout.DEVICE_RESET, AtaLayout.EXECUTE_DEVICE_DIAGNOSTIC, AtaLayout.DATA_SET_MANAGEMENT};

    private int interrupts;

    @Test
    void hostileDriversGetErrorsAndNothingElse() {
        fuzz(Seeds.random("IdeFuzzTest"), ROUNDS);

        // The fuzzer is worth something only if commands do end.
        assertTrue(interrupts > ROUNDS / 20, "interrupts: " + interrupts);
    }

    /// For as many minutes as `-Djavisor.minutes` says.
    @Test
    @Tag("slow")
    void hostileDriversForALongTime() {
        SplittableRandom random = Seeds.random("IdeFuzzTest");
        long end = System.nanoTime() + Duration.ofMinutes(Long.getLong("javisor.minutes", 60)).toNanos();
        while (System.nanoTime() < end) {
            fuzz(random.split(), ROUNDS);
        }
        assertTrue(interrupts > 0);
    }

    private void fuzz(SplittableRandom random, int rounds) {
        try (IdeDriver driver = new IdeDriver()) {
            driver.host.memory.storeLong(CANARY, 0x0123_4567_89ab_cdefL);
            byte[] before = driver.data(CANARY - 64, 128);
            for (int round = 0; round < rounds; round++) {
                mistreat(driver, random);
                interrupts += driver.host.gsis[14].takeEdges();
                if (random.nextInt(64) == 0) {
                    driver.controller.load(driver.controller.save());
                }
            }
            assertArrayEquals(before, driver.data(CANARY - 64, 128));
        }
    }

    private static void mistreat(IdeDriver driver, SplittableRandom random) {
        for (int i = 0; i < 3; i++) {
            driver.region(i, random.nextInt(8) == 0 ? random.nextInt() & 0xffff_fffeL
                    : IdeDriver.DATA + random.nextInt(1 << 19) * 2, random.nextInt(0x10000), random.nextInt(4) == 0);
        }
        switch (random.nextInt(8)) {
            case 0 -> driver.out(IdeDriver.BLOCK + random.nextInt(8), random.nextInt(256));
            case 1 -> driver.out(IdeDriver.CONTROL, random.nextInt(4) == 0 ? random.nextInt(256) : 0);
            case 2 -> driver.startMaster(random.nextBoolean());
            case 3 -> driver.stopMaster();
            case 4 -> driver.packet(packet(random), random.nextInt(2), random.nextInt(0x10000));
            case 5 -> {
                int bytes = random.nextInt(3000);
                for (int i = 0; i < bytes; i++) {
                    driver.host.ports.read(IdeDriver.BLOCK, 1 << random.nextInt(3));
                }
            }
            case 6 -> driver.writeData(new byte[4 * random.nextInt(200)]);
            default -> driver.command(
                    random.nextInt(4) == 0 ? random.nextInt(256) : COMMANDS[random.nextInt(COMMANDS.length)],
                    random.nextBoolean() ? IdeDriver.SLAVE : 0, random.nextInt(4) == 0 ? random.nextInt(1 << 28)
                            : random.nextInt(2048), random.nextInt(40));
        }
        driver.in(IdeDriver.BLOCK + random.nextInt(8));
    }

    private static byte[] packet(SplittableRandom random) {
        byte[] block = new byte[12];
        random.nextBytes(block);
        int[] codes = {0x28, 0xa8, 0x12, 0x43, 0x4a, 0x5a, 0x55, 0x1b, 0xbe, 0x46, 0};
        if (random.nextInt(4) != 0) {
            block[0] = (byte) codes[random.nextInt(codes.length)];
            block[2] = block[3] = block[4] = block[6] = 0;
        }
        return block;
    }
}
