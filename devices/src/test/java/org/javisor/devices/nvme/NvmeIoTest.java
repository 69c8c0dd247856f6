// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.javisor.devices.block.MemoryDisk;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The NVM commands, and how their data is found.
class NvmeIoTest {
    private static final long DATA = NvmeDriver.DATA, LIST = 0x1f_0000, OUTSIDE = 1L << 40;
    private static final int DISK_BYTES = 4 << 20, BLOCK = 512, PAGE = 4096;

    private final MemoryDisk disk = new MemoryDisk(DISK_BYTES);
    private final NvmeDriver driver = new NvmeDriver(disk);

    @BeforeEach
    void start() {
        driver.start(1);
    }

    @AfterEach
    void freeMemory() {
        driver.close();
    }

    private byte[] random(int bytes) {
        byte[] content = new byte[bytes];
        SplittableRandom random = Seeds.random("NvmeIoTest");
        for (int i = 0; i < bytes; i++) {
            content[i] = (byte) random.nextInt();
        }
        return content;
    }

    private int read(long prp1, long prp2, long block, int blocks) {
        return driver.io(NvmeLayout.READ, prp1, prp2, (int) block, (int) (block >>> 32), blocks - 1);
    }

    private int write(long prp1, long prp2, long block, int blocks) {
        return driver.io(NvmeLayout.WRITE, prp1, prp2, (int) block, (int) (block >>> 32), blocks - 1);
    }

    @Test
    void whatIsWrittenIsRead() {
        byte[] content = random(BLOCK);
        driver.memory.store(DATA, content);

        assertEquals(0, write(DATA, 0, 5, 1));
        assertEquals(0, read(DATA + PAGE, 0, 5, 1));

        assertArrayEquals(content, driver.bytes(DATA + PAGE, BLOCK));
        assertEquals(List.of("write", "read"), disk.log);
    }

    @Test
    void dataMayBeginWithinAPageAndGoOnInAnother() {
        byte[] content = random(2 * BLOCK);
        driver.memory.store(DATA, content);
        write(DATA, 0, 0, 2);

        assertEquals(0, read(DATA + PAGE - 100, DATA + 8 * PAGE, 0, 2));

        assertArrayEquals(Arrays.copyOf(content, 100), driver.bytes(DATA + PAGE - 100, 100));
        assertArrayEquals(Arrays.copyOfRange(content, 100, 2 * BLOCK),
                driver.bytes(DATA + 8 * PAGE, 2 * BLOCK - 100));
    }

    /// The longest transfer there is, its pages in reverse, its list in two parts.
    @Test
    void listsOfPagesContinueOnOtherPages() {
        int pages = (int) (NvmeLayout.MAX_TRANSFER / PAGE);
        byte[] content = random((int) NvmeLayout.MAX_TRANSFER);
        driver.memory.store(DATA, content);
        long list = LIST + PAGE - 16;
        long[] prps = new long[pages];
        for (int i = 0; i < pages; i++) {
            prps[i] = DATA + (long) (pages - 1 - i) * PAGE;
        }
        driver.memory.storeLong(list, prps[1]);
        driver.memory.storeLong(list + 8, LIST + 4 * PAGE);
        for (int i = 2; i < pages; i++) {
            driver.memory.storeLong(LIST + 4 * PAGE + 8L * (i - 2), prps[i]);
        }

        assertEquals(0, write(prps[0], list, 0, pages * PAGE / BLOCK));
        driver.memory.store(DATA, new byte[content.length]);
        assertEquals(0, read(prps[0], list, 0, pages * PAGE / BLOCK));
        assertArrayEquals(content, driver.bytes(DATA, content.length));
        assertEquals(0, read(DATA + 8 * PAGE, 0, 0, 8));
        assertArrayEquals(Arrays.copyOfRange(content, (pages - 1) * PAGE, pages * PAGE),
                driver.bytes(DATA + 8 * PAGE, PAGE));
    }

    @Test
    void largerMemoryPagesAreUsedWhenTheDriverChoosesThem() {
        int large = 16 * PAGE;
        byte[] content = random(3 * large);
        driver.enable(NvmeDriver.ENABLED | 4 << 7);
        driver.createPair(1);
        driver.memory.store(DATA, content);
        driver.memory.storeLong(LIST, DATA + large);
        driver.memory.storeLong(LIST + 8, DATA + 2 * large);

        assertEquals(0, write(DATA, LIST, 0, 3 * large / BLOCK));
        assertEquals(0, read(DATA + 4 * large, DATA + 5 * large, large / BLOCK, 2 * large / BLOCK));

        assertArrayEquals(Arrays.copyOfRange(content, large, 3 * large), driver.bytes(DATA + 4 * large, 2 * large));
        assertEquals(Status.INVALID_PRP_OFFSET, read(DATA, DATA + PAGE, 0, 2 * large / BLOCK));
    }

    @Test
    void pagesThatAreNoneAreRefused() {
        assertEquals(Status.INVALID_PRP_OFFSET, read(DATA + 2, 0, 0, 1));
        assertEquals(Status.INVALID_PRP_OFFSET, read(DATA, DATA + PAGE + 8, 0, 9));
        assertEquals(Status.INVALID_PRP_OFFSET, read(DATA, LIST + 4, 0, 17));
        driver.memory.storeLong(LIST, DATA + 4);
        assertEquals(Status.INVALID_PRP_OFFSET, read(DATA, LIST, 0, 17));
        assertEquals(Status.DATA_TRANSFER_ERROR, read(OUTSIDE, 0, 0, 1));
        assertEquals(Status.DATA_TRANSFER_ERROR, read(DATA, OUTSIDE, 0, 9));
        assertEquals(Status.DATA_TRANSFER_ERROR, read(DATA, OUTSIDE, 0, 17));
        assertEquals(Status.DATA_TRANSFER_ERROR, read(NvmeDriver.ROM, 0, 0, 1));
        assertEquals(0, write(NvmeDriver.ROM, 0, 0, 1));
        assertEquals(List.of("write"), disk.log);
    }

    @Test
    void listsThatLeadInACircleComeToAnEnd() {
        for (int i = 0; i < 511; i++) {
            driver.memory.storeLong(LIST + 8L * i, DATA);
        }
        driver.memory.storeLong(LIST + PAGE - 8, LIST);

        assertEquals(0, read(DATA, LIST + PAGE - 8, 0, 4096));
        driver.memory.storeLong(LIST + PAGE - 8, LIST + PAGE - 8);
        assertEquals(Status.INVALID_PRP_OFFSET, read(DATA, LIST + PAGE - 8, 0, 4096));
    }

    @Test
    void whatIsNotOnTheDiskIsRefused() {
        long blocks = DISK_BYTES / BLOCK;

        assertEquals(0, read(DATA, 0, blocks - 1, 1));
        assertEquals(Status.LBA_OUT_OF_RANGE, read(DATA, 0, blocks, 1));
        assertEquals(Status.LBA_OUT_OF_RANGE, read(DATA, 0, blocks - 1, 2));
        assertEquals(Status.LBA_OUT_OF_RANGE, read(DATA, 0, -1, 1));
        assertEquals(Status.LBA_OUT_OF_RANGE, write(DATA, 0, Long.MAX_VALUE, 1));
        assertEquals(Status.INVALID_FIELD, read(DATA, LIST, 0, 4097));
        assertEquals(Status.INVALID_NAMESPACE, driver.execute(1, NvmeLayout.READ, 2, DATA, 0, 0, 0, 0).status());
        assertEquals(Status.INVALID_OPCODE, driver.io(0x44, DATA, 0));
    }

    @Test
    void aFailingHostIsAMediaError() {
        disk.failing = true;

        assertEquals(Status.UNRECOVERED_READ_ERROR, read(DATA, 0, 0, 1));
        assertEquals(Status.WRITE_FAULT, write(DATA, 0, 0, 1));
        assertEquals(Status.WRITE_FAULT, driver.io(NvmeLayout.FLUSH, 0, 0));
        disk.failing = false;
        assertEquals(0, read(DATA, 0, 0, 1));
    }

    @Test
    void whatMustBeSafeIsFlushed() {
        assertEquals(0, driver.io(NvmeLayout.WRITE, DATA, 0, 0, 0, NvmeLayout.FORCE_UNIT_ACCESS));
        assertEquals(0, driver.execute(1, NvmeLayout.FLUSH, -1, 0, 0).status());
        driver.admin(NvmeLayout.SET_FEATURES, 0, 0, 0, 6, 0);
        assertEquals(0, write(DATA, 0, 0, 1));

        assertEquals(List.of("write", "flush", "flush", "write", "flush"), disk.log);
    }

    @Test
    void compareTellsWhetherDataIsTheSame() {
        byte[] content = random(40 * PAGE);
        driver.memory.store(DATA, content);
        for (int i = 1; i < 40; i++) {
            driver.memory.storeLong(LIST + 8L * (i - 1), DATA + (long) i * PAGE);
        }
        write(DATA, LIST, 0, 320);
        int[] where = {0, 0, 319};

        assertEquals(0, driver.io(NvmeLayout.COMPARE, DATA, LIST, where));
        driver.memory.storeByte(DATA + 39 * PAGE + 17, (byte) ~content[39 * PAGE + 17]);
        assertEquals(Status.COMPARE_FAILURE, driver.io(NvmeLayout.COMPARE, DATA, LIST, where));
    }

    @Test
    void zeroesAndDeallocationReachTheDisk() {
        driver.io(NvmeLayout.WRITE_ZEROES, 0, 0, 8, 0, 7);
        driver.io(NvmeLayout.WRITE_ZEROES, 0, 0, 8, 0, 7 | NvmeLayout.DEALLOCATE);
        for (int i = 0; i < 2; i++) {
            driver.memory.storeLong(DATA + 16L * i, 4L << 32);
            driver.memory.storeLong(DATA + 16L * i + 8, 8L * i);
        }
        assertEquals(0, driver.io(NvmeLayout.DATASET_MANAGEMENT, DATA, 0, 1, 4));
        assertEquals(0, driver.io(NvmeLayout.DATASET_MANAGEMENT, DATA, 0, 1, 1));

        assertEquals(List.of("zeroes 4096 4096", "zeroes 4096 4096 unmap", "discard 0 2048", "discard 4096 2048"),
                disk.log);
    }

    @Test
    void ofRangesThatAreNotAllOnTheDiskNoneIsDeallocated() {
        driver.memory.storeLong(DATA, 4L << 32);
        driver.memory.storeLong(DATA + 8, 0);
        driver.memory.storeLong(DATA + 16, 4L << 32);
        driver.memory.storeLong(DATA + 24, DISK_BYTES / BLOCK - 3);

        assertEquals(Status.LBA_OUT_OF_RANGE, driver.io(NvmeLayout.DATASET_MANAGEMENT, DATA, 0, 1, 4));
        assertEquals(List.of(), disk.log);
    }
}
