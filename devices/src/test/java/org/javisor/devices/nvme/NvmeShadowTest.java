// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.javisor.devices.block.MemoryDisk;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Doorbells that a driver leaves in its memory.
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class NvmeShadowTest {
    private static final long VALUES = 0x30_0000, EVENTS = 0x30_1000;
    private static final int TAIL = 2, HEAD = 3, COMMANDS = 20_000;

    private final NvmeDriver driver = new NvmeDriver(new MemoryDisk(1 << 20));

    @AfterEach
    void close() {
        driver.close();
    }

    private void configure() {
        assertEquals(0, driver.admin(NvmeLayout.DOORBELL_BUFFER_CONFIG, 0, VALUES, EVENTS).status());
    }

    private int value(int doorbell) {
        return driver.memory.loadInt(VALUES + 4L * doorbell);
    }

    private int event(int doorbell) {
        return driver.memory.loadInt(EVENTS + 4L * doorbell);
    }

    private void leave(int doorbell, int value) {
        driver.memory.storeInt(VALUES + 4L * doorbell, value);
    }

    private void putFlushes(int count) {
        for (int n = 0; n < count; n++) {
            driver.put(1, NvmeLayout.FLUSH, 1, 0, 0);
        }
    }

    private int taken() {
        int count = 0;
        while (driver.take(1) != null) {
            count++;
        }
        return count;
    }

    @Test
    void theControllerSaysThatItCan() {
        driver.start(1);
        driver.admin(NvmeLayout.IDENTIFY, 0, NvmeDriver.DATA, 0, 1);

        assertEquals(0x100, driver.memory.loadInt(NvmeDriver.DATA + 256) & 0x100);
    }

    @Test
    void queuesThatExistAndThatComeStartWithTheirPresentValues() {
        driver.start(1);
        putFlushes(3);
        driver.ring(1);
        leave(4, 77);
        driver.memory.storeInt(EVENTS + 16, 77);

        configure();
        driver.createPair(2);

        assertEquals(List.of(3, 3), List.of(value(TAIL), event(TAIL)));
        assertEquals(List.of(0, 0), List.of(value(4), event(4)));
    }

    @Test
    void whatIsRungIsReadFromMemoryAndTheNextCommandIsToBeRungFor() {
        driver.start(1);
        configure();
        putFlushes(5);

        leave(TAIL, 5);
        assertNull(driver.take(1));
        driver.doorbell(TAIL, 3);

        assertEquals(5, taken());
        assertEquals(5, event(TAIL));
    }

    @Test
    void aFullCompletionQueueIsRungForAndGoesOn() {
        driver.start(1);
        driver.useMessages();
        configure();
        putFlushes(NvmeDriver.ENTRIES - 1);
        leave(TAIL, NvmeDriver.ENTRIES - 1);
        driver.doorbell(TAIL, NvmeDriver.ENTRIES - 1);
        driver.memory.storeInt(EVENTS + 4 * HEAD, 99);
        putFlushes(1);
        leave(TAIL, 0);
        driver.doorbell(TAIL, 0);
        assertEquals(NvmeDriver.ENTRIES - 1, taken());
        assertEquals(0, event(HEAD));

        leave(HEAD, NvmeDriver.ENTRIES - 1);
        driver.doorbell(HEAD, NvmeDriver.ENTRIES - 1);

        assertEquals(1, taken());
    }

    @Test
    void withThePinEveryCompletionThatIsTakenIsRungFor() {
        driver.start(1);
        configure();
        putFlushes(2);
        leave(TAIL, 2);
        driver.doorbell(TAIL, 2);
        assertTrue(driver.intx().high());
        assertEquals(0, event(HEAD));

        leave(HEAD, 2);
        driver.doorbell(HEAD, 2);

        assertTrue(!driver.intx().high());
        assertEquals(2, event(HEAD));
    }

    /// Linux leaves no value for them, and the specification's driver asks the page of events.
    @Test
    void theAdminQueuesDoorbellsAreAlwaysRung() {
        driver.start(1);
        configure();
        for (int n = 0; n < 20; n++) {
            assertEquals(0, driver.admin(NvmeLayout.GET_FEATURES, 0, 0, 0, 7).status());
        }

        assertEquals((1 + 4 - 2 + 20) % NvmeDriver.ENTRIES, event(0) % NvmeDriver.ENTRIES);
        assertEquals(event(0), event(1));
    }

    @Test
    void placesThatCannotBeAreRefused() {
        driver.start(1);
        assertEquals(Status.INVALID_FIELD,
                driver.admin(NvmeLayout.DOORBELL_BUFFER_CONFIG, 0, VALUES + 8, EVENTS).status());
        assertEquals(Status.INVALID_FIELD,
                driver.admin(NvmeLayout.DOORBELL_BUFFER_CONFIG, 0, VALUES, 0x7fff_ffff_f000L).status());
        putFlushes(1);
        driver.ring(1);
        assertEquals(1, taken());
    }

    @Test
    void aValueThatCannotBeIsTold() {
        driver.start(1);
        configure();
        driver.put(0, NvmeLayout.ASYNCHRONOUS_EVENT_REQUEST, 0, 0, 0);
        driver.ring(0);

        leave(TAIL, NvmeDriver.ENTRIES);
        driver.doorbell(TAIL, 1);

        NvmeDriver.Completion event = driver.take(0);
        assertEquals(AsynchronousEvents.INVALID_DOORBELL_VALUE, event.result());
        leave(TAIL, 0);
    }

    @Test
    void aDisabledControllerForgetsThem() {
        driver.start(1);
        configure();
        driver.start(1);
        leave(TAIL, 7);
        putFlushes(1);

        driver.ring(1);

        assertEquals(1, taken());
    }

    /// A driver that rings only when it is asked to loses nothing, and rings less than once for each command.
    @Test
    void noCommandIsLostBetweenALookAndAnAnswer() throws Exception {
        try (ExecutorService worker = Executors.newSingleThreadExecutor();
                NvmeDriver other = new NvmeDriver(new MemoryDisk(1 << 20), worker)) {
            other.useMessages();
            other.startSlowly();
            other.put(0, NvmeLayout.DOORBELL_BUFFER_CONFIG, 0, VALUES, EVENTS);
            other.ring(0);
            assertEquals(0, other.awaitCompletion(0).status());
            int tail = 0;
            int head = 0;
            int rings = 0;
            int done = 0;
            for (int put = 0; done < COMMANDS;) {
                // Every other time the queue is about to have nothing to do.
                boolean fill = put % 2 == 0 || put == done;
                for (int n = put % 3; fill && n >= 0 && put - done < NvmeDriver.ENTRIES - 2 && put < COMMANDS; n--) {
                    other.put(1, NvmeLayout.FLUSH, 1, 0, 0);
                    put++;
                    rings += ring(other, TAIL, tail, tail = (tail + 1) % NvmeDriver.ENTRIES);
                }
                while (other.take(1) != null) {
                    done++;
                    rings += ring(other, HEAD, head, head = (head + 1) % NvmeDriver.ENTRIES);
                }
            }
            System.out.println(rings + " doorbells were rung for " + COMMANDS + " commands");
            assertTrue(rings < 2 * COMMANDS);
            worker.shutdown();
            assertTrue(worker.awaitTermination(1, TimeUnit.MINUTES));
        }
    }

    private static int ring(NvmeDriver driver, int doorbell, int old, int now) {
        driver.memory.storeInt(VALUES + 4L * doorbell, now);
        VarHandle.fullFence();
        int event = driver.memory.loadInt(EVENTS + 4L * doorbell);
        if ((now - event - 1 & 0xffff) >= (now - old & 0xffff)) {
            return 0;
        }
        driver.doorbell(doorbell, now);
        return 1;
    }
}
