// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.javisor.testkit.ProbeLine;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Test;

class PinTest {
    private final List<Boolean> levels = new ArrayList<>();
    private final Pin pin = new Pin(levels::add);

    @Test
    void theLineIsToldOfChangesOnly() {
        pin.set(false);
        pin.drive();
        pin.set(true);
        pin.set(true);
        pin.drive();
        pin.drive();

        assertEquals(List.of(true), levels);
    }

    @Test
    void aLevelThatFellAndRoseBetweenDrivesGivesAnEdge() {
        pin.set(true);
        pin.drive();

        pin.set(false);
        pin.set(true);
        pin.drive();

        assertEquals(List.of(true, false, true), levels);
    }

    @Test
    void aLevelThatRoseAndFellUnseenIsNotTold() {
        pin.set(true);
        pin.set(false);
        pin.drive();

        assertEquals(List.of(), levels);
    }

    @Test
    void threadsThatDriveAtOnceLeaveTheLineAtTheLastLevel() throws InterruptedException {
        ProbeLine line = new ProbeLine();
        Pin shared = new Pin(line);
        Object lock = new Object();
        boolean[] last = new boolean[1];
        Thread[] threads = new Thread[3];
        for (int t = 0; t < threads.length; t++) {
            var random = Seeds.random("PinTest");
            threads[t] = Thread.ofPlatform().start(() -> {
                for (int i = 0; i < 20_000; i++) {
                    synchronized (lock) {
                        last[0] = random.nextBoolean();
                        shared.set(last[0]);
                    }
                    shared.drive();
                }
            });
        }
        for (Thread thread : threads) {
            thread.join();
        }

        assertEquals(last[0], line.high());
    }

    @Test
    void whoLowersThePinWaitsForWhoIsJustRaisingIt() throws InterruptedException {
        CountDownLatch raising = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        List<Boolean> seen = Collections.synchronizedList(new ArrayList<>());
        Pin shared = new Pin(level -> {
            seen.add(level);
            if (level) {
                raising.countDown();
                awaitQuietly(goOn);
            }
        });
        shared.set(true);
        Thread raiser = Thread.ofPlatform().start(shared::drive);
        raising.await();
        shared.set(false);
        Thread lowerer = Thread.ofPlatform().start(shared::drive);
        while (lowerer.getState() != Thread.State.BLOCKED && lowerer.isAlive()) {
            Thread.onSpinWait();
        }
        assertEquals(Thread.State.BLOCKED, lowerer.getState(), "it left the line high");

        goOn.countDown();
        lowerer.join();
        raiser.join();

        assertEquals(List.of(true, false), seen);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
