// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.javisor.host.HostMemory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class AbsentPagesTest {
    private static final int PAGES = 100, PAGE = GuestMemory.PAGE_BYTES;
    private static final long GPA = 0x10_0000;

    private final AtomicIntegerArray reads = new AtomicIntegerArray(PAGES);
    private final GuestMemory memory = new GuestMemory();

    private Ram numbered() {
        Ram ram = Ram.allocate((long) PAGES * PAGE, (offset, page) -> {
            int number = (int) (offset / PAGE);
            reads.incrementAndGet(number);
            page.fill((byte) number);
        });
        memory.addSlot(0, GPA, ram, PAGE, (long) (PAGES - 1) * PAGE, false);
        return ram;
    }

    @Test
    void aPageComesWhenItIsTouchedAndNotBefore() {
        try (Ram _ = numbered()) {
            assertTrue(memory.find(GPA).isAbsent(GPA + 5 * PAGE));
            assertEquals(6, memory.loadByte(GPA + 5 * PAGE), "the slot begins at the second page");
            assertFalse(memory.find(GPA).isAbsent(GPA + 5 * PAGE));
            assertEquals(1, reads.get(6));
            assertEquals(0, reads.get(5));
            assertEquals(0, reads.get(7));
        }
    }

    @Test
    void whatIsWrittenStays() {
        try (Ram _ = numbered()) {
            memory.storeInt(GPA + 8, -1);

            assertEquals(-1, memory.loadInt(GPA + 8));
            assertEquals(0x0101_0101, memory.loadInt(GPA + 12));
        }
    }

    @Test
    void anAccessAcrossPagesHasAllOfThem() {
        try (Ram _ = numbered()) {
            assertEquals(0x0202_0101, memory.loadInt(GPA + PAGE - 2));
            byte[] bytes = new byte[3 * PAGE];
            memory.load(GPA + 10 * PAGE + 1, bytes, 0, bytes.length);
            assertEquals(14, bytes[bytes.length - 1]);
            long hva = memory.hva(GPA + 20 * PAGE, 2 * PAGE);
            assertEquals(22, HostMemory.loadByte(hva + 2 * PAGE - 1));
        }
    }

    @Test
    void manyThreadsHaveEachPageReadOnce() throws InterruptedException {
        try (Ram _ = numbered()) {
            AtomicInteger wrong = new AtomicInteger();
            Thread[] threads = new Thread[8];
            for (int t = 0; t < threads.length; t++) {
                int step = 2 * t + 1;
                threads[t] = Thread.ofVirtual().start(() -> {
                    for (int i = 0; i < PAGES - 1; i++) {
                        int page = i * step % (PAGES - 1);
                        wrong.addAndGet(memory.loadByte(GPA + (long) page * PAGE + 77) == page + 1 ? 0 : 1);
                    }
                });
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(0, wrong.get());
            for (int page = 1; page < PAGES; page++) {
                assertTrue(reads.get(page) <= 1, "page " + page);
            }
        }
    }

    @Test
    void aPageIsFetchedInTheBackground() throws InterruptedException {
        try (Ram _ = numbered()) {
            CountDownLatch there = new CountDownLatch(1);

            assertTrue(memory.find(GPA).fetch(GPA, there::countDown));

            there.await();
            assertFalse(memory.find(GPA).isAbsent(GPA));
            assertFalse(memory.find(GPA).fetch(GPA, there::countDown), "it is there");
        }
    }

    @Test
    void whatCannotBeHadIsAskedForAgain() {
        AtomicInteger asked = new AtomicInteger();
        try (Ram ram = Ram.allocate(PAGE, (_, page) -> {
            if (asked.incrementAndGet() == 1) {
                throw new IOException("gone");
            }
            page.fill((byte) 5);
        })) {
            memory.addSlot(0, GPA, ram);
            assertThrows(UncheckedIOException.class, () -> memory.loadByte(GPA));
            assertEquals(5, memory.loadByte(GPA));
        }
    }
}
