// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.javisor.memory.DmaSpace;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The queue alone, on rings that [FakeDriver] writes; the device behind it stays out of the way.
class SplitQueueTest {
    private static final int SIZE = 8;
    private static final int NEXT = SplitQueueLayout.DESC_NEXT, WRITE = SplitQueueLayout.DESC_WRITE,
            INDIRECT = SplitQueueLayout.DESC_INDIRECT;

    private final FakeDriver<VirtioEntropy.State> driver = new FakeDriver<>(
            _ -> new VirtioEntropy(bytes -> Arrays.fill(bytes, (byte) 0)));
    private final long table = FakeDriver.base(0);
    private final SplitQueue queue = queue(false, true);

    private SplitQueue queue(boolean eventIndex, boolean indirect) {
        driver.setUp(0, SIZE);
        SplitQueue made = new SplitQueue(new DmaSpace(driver.memory), SIZE);
        made.place(table, FakeDriver.avail(0), FakeDriver.used(0));
        made.features(eventIndex, indirect);
        made.enable();
        return made;
    }

    @AfterEach
    void freeMemory() {
        driver.close();
    }

    private void offer(int head) {
        driver.makeAvailable(0, head);
    }

    private void assertViolation() {
        assertThrows(QueueViolation.class, queue::take);
    }

    @Test
    void anEmptyQueueGivesNothing() throws QueueViolation {
        assertNull(queue.take());
    }

    @Test
    void aChainIsSortedIntoWhatMayBeReadAndWritten() throws QueueViolation {
        driver.descriptor(table, 3, 0x200000, 10, NEXT, 5);
        driver.descriptor(table, 5, 0x300000, 20, NEXT, 1);
        driver.descriptor(table, 1, 0x400000, 30, WRITE, 0);
        offer(3);

        DescriptorChain chain = queue.take();

        assertEquals(3, chain.head());
        assertEquals(30, chain.readable().bytes());
        assertEquals(30, chain.writable().bytes());
        assertNull(queue.take());
    }

    @Test
    void numbersAreReadAcrossBuffers() throws QueueViolation {
        driver.memory.storeByte(0x200fff, (byte) 0x11);
        driver.memory.storeByte(0x300000, (byte) 0x22);
        driver.descriptor(table, 0, 0x200fff, 1, NEXT, 1);
        driver.descriptor(table, 1, 0x300000, 1, 0, 0);
        offer(0);

        assertEquals(0x2211, queue.take().readable().load(0, 2));
    }

    @Test
    void anIndirectTableIsFollowed() throws QueueViolation {
        driver.descriptor(0x500000, 0, 0x200000, 10, NEXT, 1);
        driver.descriptor(0x500000, 1, 0x300000, 20, WRITE, 0);
        driver.descriptor(table, 2, 0x500000, 32, INDIRECT, 0);
        offer(2);

        DescriptorChain chain = queue.take();

        assertEquals(2, chain.head());
        assertEquals(10, chain.readable().bytes());
        assertEquals(20, chain.writable().bytes());
    }

    @Test
    void moreRequestsThanEntriesAreAViolation() {
        driver.memory.storeShort(FakeDriver.avail(0) + 2, (short) (SIZE + 1));

        assertViolation();
    }

    @Test
    void aHeadBeyondTheTableIsAViolation() {
        offer(SIZE);

        assertViolation();
    }

    @Test
    void aNextBeyondTheTableIsAViolation() {
        driver.descriptor(table, 0, 0x200000, 10, NEXT, SIZE);
        offer(0);

        assertViolation();
    }

    @Test
    void aCircleIsAViolation() {
        driver.descriptor(table, 0, 0x200000, 10, NEXT, 1);
        driver.descriptor(table, 1, 0x200000, 10, NEXT, 0);
        offer(0);

        assertViolation();
    }

    @Test
    void aCircleInAnIndirectTableIsAViolation() {
        driver.descriptor(0x500000, 0, 0x200000, 10, NEXT, 0);
        driver.descriptor(table, 0, 0x500000, 16, INDIRECT, 0);
        offer(0);

        assertViolation();
    }

    @Test
    void aReadableBufferBehindAWritableOneIsAViolation() {
        driver.descriptor(table, 0, 0x200000, 10, NEXT | WRITE, 1);
        driver.descriptor(table, 1, 0x300000, 10, 0, 0);
        offer(0);

        assertViolation();
    }

    @Test
    void aBufferOutsideMemoryIsAViolation() {
        driver.descriptor(table, 0, FakeDriver.RAM_BYTES - 8, 16, 0, 0);
        offer(0);

        assertViolation();
    }

    @Test
    void aBufferThatWrapsRoundTheAddressSpaceIsAViolation() {
        driver.descriptor(table, 0, -8, 16, 0, 0);
        offer(0);

        assertViolation();
    }

    @Test
    void aTableWithinATableIsAViolation() {
        driver.descriptor(0x500000, 0, 0x500000, 16, INDIRECT, 0);
        driver.descriptor(table, 0, 0x500000, 16, INDIRECT, 0);
        offer(0);

        assertViolation();
    }

    @Test
    void anIndirectTableThatIsNoWholeNumberOfDescriptorsIsAViolation() {
        driver.descriptor(table, 0, 0x500000, 24, INDIRECT, 0);
        offer(0);

        assertViolation();
    }

    @Test
    void anIndirectTableOutsideMemoryIsAViolation() {
        driver.descriptor(table, 0, FakeDriver.RAM_BYTES, 16, INDIRECT, 0);
        offer(0);

        assertViolation();
    }

    @Test
    void anIndirectTableThatWasNotNegotiatedIsAViolation() {
        SplitQueue plain = queue(false, false);
        driver.descriptor(table, 0, 0x500000, 16, INDIRECT, 0);
        offer(0);

        assertThrows(QueueViolation.class, plain::take);
    }

    @Test
    void moreThanFourGibibytesAreAViolation() {
        for (int i = 0; i < 2; i++) {
            driver.descriptor(table, i, 0, -1, i == 0 ? NEXT : 0, 1);
        }
        offer(0);

        assertViolation();
    }

    @Test
    void ringsOutsideMemoryAreAViolation() {
        SplitQueue lost = new SplitQueue(new DmaSpace(driver.memory), SIZE);
        lost.place(FakeDriver.RAM_BYTES, 2L << 40, -4096);
        lost.enable();

        assertThrows(QueueViolation.class, lost::take);
    }

    @Test
    void notificationsAreSuppressedWhileRequestsCome() throws QueueViolation {
        driver.descriptor(table, 0, 0x200000, 10, 0, 0);
        offer(0);

        queue.take();
        assertEquals(1, driver.memory.loadShort(FakeDriver.used(0)));
        queue.take();

        assertEquals(0, driver.memory.loadShort(FakeDriver.used(0)));
    }

    @Test
    void interruptsAreSuppressedByTheDriversFlag() throws QueueViolation {
        assertTrue(queue.needsInterrupt());

        driver.memory.storeShort(FakeDriver.avail(0), (short) 1);

        assertFalse(queue.needsInterrupt());
    }

    @Test
    void withEventIndicesTheDeviceAsksForTheNextNotification() throws QueueViolation {
        SplitQueue events = queue(true, false);
        driver.descriptor(table, 0, 0x200000, 10, 0, 0);
        offer(0);
        offer(0);

        events.take();
        assertEquals(0, driver.availEvent(0));
        events.take();
        events.take();

        assertEquals(2, driver.availEvent(0));
    }

    @Test
    void withEventIndicesTheDriverIsInterruptedWhenItsIndexIsPassed() throws QueueViolation {
        SplitQueue events = queue(true, false);
        driver.descriptor(table, 0, 0x200000, 10, 0, 0);
        boolean[] interrupted = new boolean[6];
        driver.usedEvent(0, 3);
        for (int i = 0; i < interrupted.length; i++) {
            offer(0);
            events.complete(events.take(), 0);
            interrupted[i] = events.needsInterrupt();
        }

        // The first is asked without a past, and so always.
        assertEquals("[true, false, false, true, false, false]", Arrays.toString(interrupted));
    }

    @Test
    void indicesRunRoundAt65536() throws QueueViolation {
        driver.descriptor(table, 0, 0x200000, 10, 0, 0);
        for (int i = 0; i < 70_000; i++) {
            offer(0);
            queue.complete(queue.take(), i);
            assertEquals(new FakeDriver.Used(0, i), driver.takeUsed(0));
        }
    }
}
