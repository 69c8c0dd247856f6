// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.charset.StandardCharsets;
import org.javisor.devices.block.MemoryDisk;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The admin commands.
class NvmeAdminTest {
    private static final long DATA = NvmeDriver.DATA;

    private final MemoryDisk disk = new MemoryDisk(1 << 20);
    private final NvmeDriver driver = new NvmeDriver(disk);

    @BeforeEach
    void enable() {
        driver.enable();
    }

    @AfterEach
    void freeMemory() {
        driver.close();
    }

    private int identify(int cns, int namespace) {
        return driver.admin(NvmeLayout.IDENTIFY, namespace, DATA, 0, cns).status();
    }

    private String text(int offset, int length) {
        return new String(driver.bytes(DATA + offset, length), StandardCharsets.US_ASCII);
    }

    @Test
    void theControllerSaysWhoItIs() {
        assertEquals(0, identify(1, 0));

        assertEquals("test                ", text(4, 20));
        assertEquals(9, driver.memory.loadByte(DATA + 77));
        assertEquals(0x6644, (driver.memory.loadShort(DATA + 512) & 0xff) << 8 | driver.memory.loadByte(DATA + 513));
        assertEquals(1, driver.memory.loadInt(DATA + 516));
    }

    @Test
    void theNamespaceIsAsLargeAsTheDisk() {
        assertEquals(0, identify(0, 1));

        assertEquals(2048, driver.memory.loadLong(DATA));
        assertEquals(9, driver.memory.loadByte(DATA + 130));
    }

    @Test
    void namespacesAreListed() {
        assertEquals(0, identify(2, 0));
        assertEquals(1, driver.memory.loadInt(DATA));
        assertEquals(0, driver.memory.loadInt(DATA + 4));
        assertEquals(0, identify(2, 1));
        assertEquals(0, driver.memory.loadInt(DATA));
        assertEquals(Status.INVALID_NAMESPACE, identify(2, -2));
        assertEquals(0, identify(3, 1));
        assertEquals(0x1003, driver.memory.loadShort(DATA));
    }

    @Test
    void whatDoesNotExistIsRefused() {
        assertEquals(Status.INVALID_NAMESPACE, identify(0, 2));
        assertEquals(Status.INVALID_NAMESPACE, identify(0, 0));
        assertEquals(Status.INVALID_FIELD, identify(0x55, 0));
        assertEquals(Status.INVALID_OPCODE, driver.admin(0x7f, 0, DATA, 0).status());
        assertEquals(Status.INVALID_LOG_PAGE, driver.admin(NvmeLayout.GET_LOG_PAGE, -1, DATA, 0, 0x30).status());
        assertEquals(Status.INVALID_FIELD, driver.admin(NvmeLayout.GET_FEATURES, 0, 0, 0, 0x30).status());
        assertEquals(Status.INVALID_FIELD, driver.admin(NvmeLayout.IDENTIFY | 0x4000, 0, DATA, 0, 1).status());
    }

    @Test
    void dataGoesAcrossTwoPages() {
        assertEquals(0, driver.admin(NvmeLayout.IDENTIFY, 0, DATA + 0xf00, DATA + 0x5000, 1).status());

        byte[] whole = driver.bytes(DATA + 0xf00, 0x100);
        identify(1, 0);
        assertArrayEquals(driver.bytes(DATA, 0x100), whole);
        assertEquals(1, driver.memory.loadInt(DATA + 0x5000 + 516 - 0x100));
    }

    // ---- queues ----

    private int createCompletion(int id, int entries, long base, int flags, int vector) {
        return driver.admin(NvmeLayout.CREATE_COMPLETION_QUEUE, 0, base, 0, id | entries - 1 << 16,
                flags | vector << 16).status();
    }

    private int createSubmission(int id, int entries, long base, int target) {
        return driver.admin(NvmeLayout.CREATE_SUBMISSION_QUEUE, 0, base, 0, id | entries - 1 << 16,
                1 | target << 16).status();
    }

    @Test
    void queuesThatCannotBeAreNotCreated() {
        assertEquals(Status.INVALID_QUEUE_ID, createCompletion(0, 16, DATA, 1, 0));
        assertEquals(Status.INVALID_QUEUE_ID, createCompletion(NvmeDriver.QUEUES + 1, 16, DATA, 1, 0));
        assertEquals(Status.INVALID_QUEUE_SIZE, createCompletion(1, 1, DATA, 1, 0));
        assertEquals(Status.INVALID_QUEUE_SIZE, createCompletion(1, NvmeLayout.MAX_ENTRIES + 1, DATA, 1, 0));
        assertEquals(Status.INVALID_VECTOR, createCompletion(1, 16, DATA, 1, NvmeDriver.QUEUES + 1));
        assertEquals(Status.INVALID_FIELD, createCompletion(1, 16, DATA, 0, 0));
        assertEquals(Status.INVALID_PRP_OFFSET, createCompletion(1, 16, DATA + 8, 1, 0));
        assertEquals(Status.INVALID_COMPLETION_QUEUE, createSubmission(1, 16, DATA, 1));
        assertEquals(0, createCompletion(1, 16, DATA, 1, 0));
        assertEquals(Status.INVALID_QUEUE_ID, createCompletion(1, 16, DATA, 1, 0));
        assertEquals(Status.INVALID_COMPLETION_QUEUE, createSubmission(1, 16, DATA, 0));
        assertEquals(0, createSubmission(1, 16, DATA + 0x1000, 1));
        assertEquals(Status.INVALID_QUEUE_ID, createSubmission(1, 16, DATA + 0x1000, 1));
    }

    @Test
    void queuesAreDeletedInOrder() {
        driver.createPair(1);

        assertEquals(Status.INVALID_QUEUE_DELETION,
                driver.admin(NvmeLayout.DELETE_COMPLETION_QUEUE, 0, 0, 0, 1).status());
        assertEquals(0, driver.admin(NvmeLayout.DELETE_SUBMISSION_QUEUE, 0, 0, 0, 1).status());
        assertEquals(0, driver.admin(NvmeLayout.DELETE_COMPLETION_QUEUE, 0, 0, 0, 1).status());
        assertEquals(Status.INVALID_QUEUE_ID, driver.admin(NvmeLayout.DELETE_SUBMISSION_QUEUE, 0, 0, 0, 0).status());
        assertEquals(Status.INVALID_QUEUE_ID, driver.admin(NvmeLayout.DELETE_COMPLETION_QUEUE, 0, 0, 0, 1).status());
        driver.createPair(1);
        assertEquals(0, driver.io(NvmeLayout.FLUSH, 0, 0));
    }

    // ---- features ----

    private int feature(int id, int dword11) {
        return driver.admin(NvmeLayout.GET_FEATURES, 0, 0, 0, id, dword11).result();
    }

    private int setFeature(int id, int value) {
        return driver.admin(NvmeLayout.SET_FEATURES, 0, 0, 0, id, value).status();
    }

    @Test
    void featuresAreSetUntilAReset() {
        assertEquals(1, feature(6, 0));
        assertEquals(0, setFeature(6, 0));
        assertEquals(0, feature(6, 0));
        assertEquals(1, feature(6 | 1 << 8, 0));
        assertEquals(4, feature(6 | 3 << 8, 0));
        assertEquals(Status.FEATURE_NOT_SAVEABLE, setFeature(6 | 1 << 31, 0));

        driver.enable();

        assertEquals(1, feature(6, 0));
    }

    @Test
    void theDriverLearnsHowManyQueuesThereAre() {
        int pairs = NvmeDriver.QUEUES - 1;

        assertEquals(pairs | pairs << 16,
                driver.admin(NvmeLayout.SET_FEATURES, 0, 0, 0, 7, 0x3f003f).result());
        assertEquals(Status.INVALID_FIELD, setFeature(7, 0xffff));
        assertEquals(pairs | pairs << 16, feature(7, 0));
    }

    @Test
    void vectorsHaveFeaturesOfTheirOwn() {
        assertEquals(0, setFeature(9, 0x1_0002));

        assertEquals(0x1_0002, feature(9, 2));
        assertEquals(1, feature(9, 1));
        assertEquals(Status.INVALID_FIELD, setFeature(9, NvmeDriver.QUEUES + 1));
    }

    // ---- logs and events ----

    @Test
    void readsAndErrorsAreInTheLogs() {
        driver.createPair(1);
        driver.io(NvmeLayout.READ, DATA, DATA + 0x1000, 0, 0, 7);
        driver.io(NvmeLayout.READ, DATA, 0, 2048, 0, 0);

        driver.admin(NvmeLayout.GET_LOG_PAGE, -1, DATA, 0, 2 | 127 << 16);
        assertEquals(1, driver.memory.loadLong(DATA + 32));
        assertEquals(1, driver.memory.loadLong(DATA + 64));
        assertEquals(1, driver.memory.loadLong(DATA + 176));
        driver.admin(NvmeLayout.GET_LOG_PAGE, -1, DATA, 0, 1 | 15 << 16);
        assertEquals(1, driver.memory.loadLong(DATA));
        assertEquals(1, driver.memory.loadShort(DATA + 8));
        assertEquals(Status.LBA_OUT_OF_RANGE, (driver.memory.loadShort(DATA + 12) & 0xffff) >>> 1);
        assertEquals(2048, driver.memory.loadLong(DATA + 16));
    }

    @Test
    void logsAreReadFromAnOffset() {
        driver.admin(NvmeLayout.GET_LOG_PAGE, -1, DATA, 0, 3 | 3 << 16, 0, 8);

        assertEquals("1       ", text(0, 8));
        assertEquals(Status.INVALID_FIELD,
                driver.admin(NvmeLayout.GET_LOG_PAGE, -1, DATA, 0, 3 | 3 << 16, 0, 516).status());
    }

    @Test
    void aDoorbellThatCannotBeIsAnEvent() {
        int request = driver.put(0, NvmeLayout.ASYNCHRONOUS_EVENT_REQUEST, 0, 0, 0);
        driver.ring(0);
        assertNull(driver.take(0));

        driver.doorbell(0, NvmeDriver.ENTRIES);

        NvmeDriver.Completion event = driver.take(0);
        assertEquals(request, event.command());
        assertEquals(AsynchronousEvents.INVALID_DOORBELL_VALUE, event.result());
    }

    @Test
    void anEventOfTheSameTypeWaitsUntilTheLogHasBeenRead() {
        for (int i = 0; i < 2; i++) {
            driver.put(0, NvmeLayout.ASYNCHRONOUS_EVENT_REQUEST, 0, 0, 0);
        }
        driver.doorbell(2 * 9, 1);
        driver.ring(0);
        assertEquals(AsynchronousEvents.INVALID_DOORBELL, driver.take(0).result());
        driver.taken(0);
        driver.doorbell(2 * 9, 1);
        assertNull(driver.take(0));

        driver.put(0, NvmeLayout.GET_LOG_PAGE, -1, DATA, 0, 1 | 15 << 16);
        driver.ring(0);

        assertEquals(AsynchronousEvents.INVALID_DOORBELL, driver.take(0).result());
        assertEquals(0, driver.take(0).status());
    }

    @Test
    void tooManyEventRequestsAreRefused() {
        for (int i = 0; i < AsynchronousEvents.LIMIT; i++) {
            driver.put(0, NvmeLayout.ASYNCHRONOUS_EVENT_REQUEST, 0, 0, 0);
        }

        assertEquals(Status.TOO_MANY_EVENT_REQUESTS,
                driver.admin(NvmeLayout.ASYNCHRONOUS_EVENT_REQUEST, 0, 0, 0).status());
    }

    @Test
    void anEventRequestCanBeAborted() {
        int request = driver.put(0, NvmeLayout.ASYNCHRONOUS_EVENT_REQUEST, 0, 0, 0);
        driver.put(0, NvmeLayout.ABORT, 0, 0, 0, request << 16);
        driver.ring(0);

        NvmeDriver.Completion aborted = driver.take(0);
        assertEquals(request, aborted.command());
        assertEquals(Status.ABORT_REQUESTED, aborted.status());
        assertEquals(0, driver.take(0).result());
        driver.taken(0);
        assertEquals(1, driver.admin(NvmeLayout.ABORT, 0, 0, 0, request << 16).result());
    }

    @Test
    void aTemperatureThresholdThatHasBeenPassedIsAnEvent() {
        assertEquals(0, setFeature(0xb, 2));
        driver.put(0, NvmeLayout.ASYNCHRONOUS_EVENT_REQUEST, 0, 0, 0);
        driver.put(0, NvmeLayout.SET_FEATURES, 0, 0, 0, 4, 300);
        driver.ring(0);

        assertEquals(AsynchronousEvents.TEMPERATURE, driver.take(0).result());
        assertEquals(0, driver.take(0).status());
        driver.taken(0);
        driver.admin(NvmeLayout.GET_LOG_PAGE, -1, DATA, 0, 2 | 127 << 16);
        assertEquals(2, driver.memory.loadByte(DATA));
    }
}
