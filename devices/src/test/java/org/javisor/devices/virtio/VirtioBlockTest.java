// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.javisor.devices.block.RawImage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VirtioBlockTest {
    private static final int SIZE = 16, SECTORS = 64, SECTOR = 512;
    private static final long FEATURES = BlockLayout.F_FLUSH | BlockLayout.F_DISCARD
            | BlockLayout.F_WRITE_ZEROES;

    @TempDir
    private Path directory;
    private Path file;
    private RawImage disk;
    private FakeDriver<VirtioBlock.State> driver;

    @BeforeEach
    void makeDisk() throws IOException {
        file = directory.resolve("disk.img");
        byte[] contents = new byte[SECTORS * SECTOR];
        new Random(1).nextBytes(contents);
        Files.write(file, contents);
        open(false);
    }

    private void open(boolean readOnly) {
        disk = RawImage.open(file, readOnly);
        driver = new FakeDriver<>(memory -> new VirtioBlock(memory, disk, "serial-0123456789-too-long", 1));
        driver.start(readOnly ? 0 : FEATURES, SIZE);
    }

    @AfterEach
    void close() {
        driver.close();
        disk.close();
    }

    private void reopen(boolean readOnly) {
        close();
        open(readOnly);
    }

    private byte[] sectors(int first, int count) throws IOException {
        return Arrays.copyOfRange(Files.readAllBytes(file), first * SECTOR, (first + count) * SECTOR);
    }

    private FakeDriver.Buffer header(int type, long sector) {
        return driver.out(ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putInt(type).putInt(0)
                .putLong(sector).array());
    }

    private static byte[] range(long sector, int count, int flags) {
        return ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(sector).putInt(count).putInt(flags)
                .array();
    }

    /// Makes a request with one data buffer and gives its status.
    private int request(int type, long sector, FakeDriver.Buffer data) {
        FakeDriver.Buffer status = driver.in(1);
        driver.submit(0, header(type, sector), data, status);
        return driver.bytes(status)[0];
    }

    private int requestWithoutData(int type) {
        FakeDriver.Buffer status = driver.in(1);
        driver.submit(0, header(type, 0), status);
        return driver.bytes(status)[0];
    }

    // ---- configuration ----

    @Test
    void tellsItsCapacityAndBlocks() {
        assertEquals(SECTORS, driver.get(FakeDriver.DEVICE + BlockLayout.CAPACITY, 8));
        assertEquals(SECTOR, driver.get(FakeDriver.DEVICE + BlockLayout.BLK_SIZE, 4));
        assertEquals(3, driver.get(FakeDriver.DEVICE + BlockLayout.PHYSICAL_BLOCK_EXP, 1));
        assertEquals(1, driver.get(FakeDriver.DEVICE + BlockLayout.NUM_QUEUES, 2));
    }

    @Test
    void aFileThatEndsWithinASectorShowsItWhole() throws IOException {
        close();
        Files.write(file, new byte[SECTOR + 100]);
        open(false);
        assertEquals(2, driver.get(FakeDriver.DEVICE, 8));
        FakeDriver.Buffer data = driver.in(2 * SECTOR);

        assertEquals(BlockLayout.OK, request(BlockLayout.IN, 0, data));

        assertArrayEquals(new byte[2 * SECTOR], driver.bytes(data));
    }

    // ---- requests ----

    @Test
    void readsWhatTheFileHolds() throws IOException {
        FakeDriver.Buffer data = driver.in(3 * SECTOR);
        FakeDriver.Buffer status = driver.in(1);

        driver.submit(0, header(BlockLayout.IN, 5), data, status);

        assertEquals(new FakeDriver.Used(0, 3 * SECTOR + 1), driver.takeUsed(0));
        assertEquals(BlockLayout.OK, driver.bytes(status)[0]);
        assertArrayEquals(sectors(5, 3), driver.bytes(data));
    }

    @Test
    void writesReachTheFile() throws IOException {
        byte[] bytes = new byte[2 * SECTOR];
        Arrays.fill(bytes, (byte) 0x77);

        assertEquals(BlockLayout.OK, request(BlockLayout.OUT, 10, driver.out(bytes)));

        assertArrayEquals(bytes, sectors(10, 2));
    }

    @Test
    void howARequestIsCutIntoBuffersMeansNothing() throws IOException {
        byte[] request = new byte[16 + SECTOR];
        ByteBuffer.wrap(request).order(ByteOrder.LITTLE_ENDIAN).putInt(BlockLayout.OUT).putInt(0).putLong(7);
        Arrays.fill(request, 16, request.length, (byte) 0x33);
        FakeDriver.Buffer status = driver.in(1);

        driver.submit(0, driver.out(Arrays.copyOfRange(request, 0, 5)),
                driver.out(Arrays.copyOfRange(request, 5, 100)),
                driver.out(Arrays.copyOfRange(request, 100, request.length)), status);

        assertEquals(BlockLayout.OK, driver.bytes(status)[0]);
        assertArrayEquals(Arrays.copyOfRange(request, 16, request.length), sectors(7, 1));
    }

    @Test
    void theStatusMayShareABufferWithTheData() throws IOException {
        FakeDriver.Buffer all = driver.in(SECTOR + 1);

        driver.submit(0, header(BlockLayout.IN, 2), all);

        byte[] bytes = driver.bytes(all);
        assertEquals(BlockLayout.OK, bytes[SECTOR]);
        assertArrayEquals(sectors(2, 1), Arrays.copyOf(bytes, SECTOR));
    }

    @Test
    void dataReadIntoLoggedMemoryIsDirty() {
        FakeDriver.Buffer data = driver.in(SECTOR);
        driver.memory.startDirtyLog(0);

        request(BlockLayout.IN, 0, data);

        long page = data.gpa() >>> 12;
        assertTrue((driver.memory.takeDirtyLog(0)[(int) (page >>> 6)] >>> page & 1) != 0);
    }

    @Test
    void flushSucceeds() {
        assertEquals(BlockLayout.OK, requestWithoutData(BlockLayout.FLUSH));
    }

    @Test
    void theIdIsCutToTwentyBytes() {
        FakeDriver.Buffer id = driver.in(20);

        assertEquals(BlockLayout.OK, request(BlockLayout.GET_ID, 0, id));

        assertEquals("serial-0123456789-to", new String(driver.bytes(id)));
    }

    @Test
    void writeZeroesClearsSeveralRanges() throws IOException {
        byte[] ranges = new byte[32];
        System.arraycopy(range(3, 2, 0), 0, ranges, 0, 16);
        System.arraycopy(range(20, 1, 1), 0, ranges, 16, 16);
        byte[] between = sectors(5, 15);

        assertEquals(BlockLayout.OK, request(BlockLayout.WRITE_ZEROES, 0, driver.out(ranges)));

        assertArrayEquals(new byte[2 * SECTOR], sectors(3, 2));
        assertArrayEquals(new byte[SECTOR], sectors(20, 1));
        assertArrayEquals(between, sectors(5, 15));
    }

    @Test
    void discardIsAccepted() {
        assertEquals(BlockLayout.OK, request(BlockLayout.DISCARD, 0, driver.out(range(0, SECTORS, 0))));
    }

    // ---- requests that fail ----

    @Test
    void accessesBeyondTheEndFail() {
        assertEquals(BlockLayout.IOERR, request(BlockLayout.IN, SECTORS - 1, driver.in(2 * SECTOR)));
        assertEquals(BlockLayout.IOERR, request(BlockLayout.OUT, SECTORS, driver.out(new byte[SECTOR])));
        assertEquals(BlockLayout.IOERR, request(BlockLayout.IN, -1, driver.in(SECTOR)));
        assertEquals(BlockLayout.IOERR, request(BlockLayout.IN, Long.MAX_VALUE / 256, driver.in(SECTOR)));
        assertEquals(BlockLayout.IOERR,
                request(BlockLayout.WRITE_ZEROES, 0, driver.out(range(SECTORS, 1, 0))));
        assertFalse(driver.pci.needsReset());
    }

    @Test
    void partsOfSectorsFail() {
        assertEquals(BlockLayout.IOERR, request(BlockLayout.IN, 0, driver.in(100)));
        assertEquals(BlockLayout.IOERR, request(BlockLayout.OUT, 0, driver.out(new byte[513])));
    }

    @Test
    void unknownRequestsAndFlagsAreUnsupported() {
        assertEquals(BlockLayout.UNSUPP, request(99, 0, driver.in(SECTOR)));
        assertEquals(BlockLayout.UNSUPP, request(BlockLayout.DISCARD, 0, driver.out(range(0, 1, 1))));
        assertEquals(BlockLayout.UNSUPP, request(BlockLayout.WRITE_ZEROES, 0, driver.out(range(0, 1, 2))));
    }

    @Test
    void aBadRangeLeavesTheGoodOnesUntouched() throws IOException {
        byte[] before = sectors(3, 2);
        byte[] ranges = new byte[32];
        System.arraycopy(range(3, 2, 0), 0, ranges, 0, 16);
        System.arraycopy(range(SECTORS, 1, 0), 0, ranges, 16, 16);

        assertEquals(BlockLayout.IOERR, request(BlockLayout.WRITE_ZEROES, 0, driver.out(ranges)));

        assertArrayEquals(before, sectors(3, 2));
    }

    @Test
    void aRequestWithoutRoomForItsStatusNeedsAReset() {
        driver.submit(0, header(BlockLayout.IN, 0));

        assertTrue(driver.pci.needsReset());
    }

    @Test
    void aRequestShorterThanItsHeaderNeedsAReset() {
        driver.submit(0, driver.out(new byte[15]), driver.in(1));

        assertTrue(driver.pci.needsReset());
    }

    // ---- read-only and write-through ----

    @Test
    void aReadOnlyDiskSaysSoAndRefusesWrites() throws IOException {
        reopen(true);
        byte[] before = sectors(0, SECTORS);
        assertEquals(BlockLayout.F_RO, driver.offered() & (BlockLayout.F_RO | BlockLayout.F_DISCARD));

        assertEquals(BlockLayout.IOERR, request(BlockLayout.OUT, 0, driver.out(new byte[SECTOR])));

        assertArrayEquals(before, sectors(0, SECTORS));
    }

    @Test
    void theDriverMayTurnWriteBackOff() {
        driver.start(FEATURES | BlockLayout.F_CONFIG_WCE, SIZE);
        assertEquals(1, driver.get(FakeDriver.DEVICE + BlockLayout.WRITEBACK, 1));

        driver.set(FakeDriver.DEVICE + BlockLayout.WRITEBACK, 1, 0);

        assertEquals(0, driver.get(FakeDriver.DEVICE + BlockLayout.WRITEBACK, 1));
        assertEquals(BlockLayout.OK, request(BlockLayout.OUT, 0, driver.out(new byte[SECTOR])));
    }

    @Test
    void withoutTheFlushFeatureWritesAreNotHeldBack() {
        driver.start(0, SIZE);

        assertEquals(0, driver.get(FakeDriver.DEVICE + BlockLayout.WRITEBACK, 1));
    }

    // ---- on a worker's thread ----

    @Test
    void aWorkerServesManyRequestsInOrder() throws Exception {
        close();
        disk = RawImage.open(file, false);
        try (ExecutorService worker = Executors.newSingleThreadExecutor()) {
            driver = new FakeDriver<>(memory -> new VirtioBlock(memory, disk, "x", 1), worker);
            driver.start(FEATURES, SIZE);
            for (int i = 0; i < 2000; i++) {
                byte[] bytes = new byte[SECTOR];
                Arrays.fill(bytes, (byte) i);
                FakeDriver.Buffer status = driver.in(1);
                int head = driver.submit(0, header(BlockLayout.OUT, i % SECTORS), driver.out(bytes), status);
                FakeDriver.Used used = awaitUsed();
                assertEquals(head, used.id());
                assertEquals(BlockLayout.OK, driver.bytes(status)[0]);
            }
            worker.shutdown();
            assertTrue(worker.awaitTermination(10, TimeUnit.SECONDS));
        }
        assertEquals((byte) 1999, sectors(1999 % SECTORS, 1)[0]);
    }

    @Test
    void aResetWhileTheWorkerIsBusyLeavesNothingBehind() throws Exception {
        close();
        disk = RawImage.open(file, false);
        try (ExecutorService worker = Executors.newSingleThreadExecutor()) {
            driver = new FakeDriver<>(memory -> new VirtioBlock(memory, disk, "x", 1), worker);
            for (int i = 0; i < 300; i++) {
                driver.start(FEATURES, SIZE);
                FakeDriver.Buffer data = driver.in(8 * SECTOR);
                driver.submit(0, header(BlockLayout.IN, 0), data, driver.in(1));
                driver.set(FakeDriver.STATUS, 1, 0);
                driver.memory.storeLong(data.gpa(), 0);
                // From here on the device may not write to the buffer.
                assertEquals(0, driver.memory.loadLong(data.gpa()));
                assertEquals(0, driver.get(FakeDriver.STATUS, 1));
            }
            worker.shutdown();
            assertTrue(worker.awaitTermination(10, TimeUnit.SECONDS));
        }
        assertFalse(driver.pci.needsReset());
    }

    private FakeDriver.Used awaitUsed() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        FakeDriver.Used used = driver.takeUsed(0);
        while (used == null && System.nanoTime() < deadline) {
            Thread.onSpinWait();
            used = driver.takeUsed(0);
        }
        assertTrue(used != null, "the worker did not answer");
        return used;
    }
}
