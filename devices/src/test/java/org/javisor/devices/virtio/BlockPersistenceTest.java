// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.javisor.devices.block.MemoryDisk;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// When a disk's contents must be safe, and what becomes of a disk that fails.
class BlockPersistenceTest {
    private static final int SIZE = 16;

    private final MemoryDisk disk = new MemoryDisk(64 << 10);
    private final FakeDriver<VirtioBlock.State> driver = new FakeDriver<>(
            memory -> new VirtioBlock(memory, disk, "x", 4));

    @AfterEach
    void freeMemory() {
        driver.close();
    }

    private int request(int queue, int type, long sector, FakeDriver.Buffer data) {
        FakeDriver.Buffer header =
                driver.out(ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putInt(type)
                .putInt(0).putLong(sector).array());
        FakeDriver.Buffer status = driver.in(1);
        driver.submit(queue, header, data, status);
        return driver.bytes(status)[0];
    }

    @Test
    void withWriteBackOnlyAFlushReachesTheStore() {
        driver.start(BlockLayout.F_FLUSH, SIZE);

        request(0, BlockLayout.OUT, 0, driver.out(new byte[512]));
        request(0, BlockLayout.FLUSH, 0, driver.out(new byte[0]));

        assertEquals(List.of("write", "flush"), disk.log);
    }

    @Test
    void aDriverThatKnowsNoFlushGetsEveryWriteStoredAtOnce() {
        driver.start(0, SIZE);

        request(0, BlockLayout.OUT, 0, driver.out(new byte[512]));
        request(0, BlockLayout.OUT, 1, driver.out(new byte[512]));

        assertEquals(List.of("write", "flush", "write", "flush"), disk.log);
    }

    @Test
    void aWriteBackModeTurnedOffSurvivesASnapshot() {
        driver.start(BlockLayout.F_FLUSH | BlockLayout.F_CONFIG_WCE, SIZE);
        driver.set(FakeDriver.DEVICE + BlockLayout.WRITEBACK, 1, 0);

        driver.pci.load(driver.pci.save());
        request(0, BlockLayout.OUT, 0, driver.out(new byte[512]));

        assertEquals(List.of("write", "flush"), disk.log);
    }

    @Test
    void discardAndWriteZeroesTellTheStoreTheirRanges() {
        driver.start(BlockLayout.F_FLUSH | BlockLayout.F_DISCARD | BlockLayout.F_WRITE_ZEROES, SIZE);
        byte[] range = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(8).putInt(3).array();

        request(0, BlockLayout.DISCARD, 0, driver.out(range));
        request(0, BlockLayout.WRITE_ZEROES, 0, driver.out(range));
        range[12] = BlockLayout.RANGE_UNMAP;
        request(0, BlockLayout.WRITE_ZEROES, 0, driver.out(range));

        assertEquals(List.of("discard 4096 1536", "zeroes 4096 1536", "zeroes 4096 1536 unmap"), disk.log);
    }

    @Test
    void moreZeroesThanAnnouncedAreRefused() {
        MemoryDisk large = new MemoryDisk(32 << 20);
        try (FakeDriver<VirtioBlock.State> other = new FakeDriver<>(m -> new VirtioBlock(m, large, "x", 1))) {
            other.start(BlockLayout.F_FLUSH | BlockLayout.F_WRITE_ZEROES, SIZE);
            int most = (int) other.get(FakeDriver.DEVICE + BlockLayout.MAX_WRITE_ZEROES_SECTORS, 4);
            ByteBuffer range = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);

            assertEquals(BlockLayout.OK, request(other, BlockLayout.WRITE_ZEROES, range.putInt(8, most).array()));
            assertEquals(BlockLayout.IOERR,
                    request(other, BlockLayout.WRITE_ZEROES, range.putInt(8, most + 1).array()));
        }
    }

    private static int request(FakeDriver<?> driver, int type, byte[] data) {
        FakeDriver.Buffer header = driver.out(
                ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putInt(type).array());
        FakeDriver.Buffer status = driver.in(1);
        driver.submit(0, header, driver.out(data), status);
        return driver.bytes(status)[0];
    }

    @Test
    void discardThatWasNotNegotiatedIsUnsupported() {
        driver.start(BlockLayout.F_FLUSH, SIZE);

        assertEquals(BlockLayout.UNSUPP, request(0, BlockLayout.DISCARD, 0, driver.out(new byte[16])));
        assertEquals(List.of(), disk.log);
    }

    @Test
    void aStoreThatFailsFailsTheRequestAndNothingElse() {
        driver.start(BlockLayout.F_FLUSH, SIZE);
        disk.failing = true;
        assertEquals(BlockLayout.IOERR, request(0, BlockLayout.IN, 0, driver.in(512)));
        assertEquals(BlockLayout.IOERR, request(0, BlockLayout.OUT, 0, driver.out(new byte[512])));
        assertEquals(BlockLayout.IOERR, request(0, BlockLayout.FLUSH, 0, driver.out(new byte[0])));
        disk.failing = false;

        assertEquals(BlockLayout.OK, request(0, BlockLayout.IN, 0, driver.in(512)));
    }

    @Test
    void everyQueueServesRequests() {
        driver.start(BlockLayout.F_MQ | BlockLayout.F_FLUSH, SIZE);
        assertEquals(4, driver.get(FakeDriver.DEVICE + BlockLayout.NUM_QUEUES, 2));

        for (int queue = 0; queue < 4; queue++) {
            assertEquals(BlockLayout.OK, request(queue, BlockLayout.IN, queue, driver.in(512)));
        }
    }
}
