// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HostClockTest {
    private static final long FAR = TimeUnit.HOURS.toNanos(1);
    private final HostClock clock = new HostClock();
    private final BlockingQueue<String> expired = new LinkedBlockingQueue<>();

    @AfterEach
    void close() {
        clock.close();
    }

    @Test
    void timeNeverGoesBackward() {
        long before = clock.nanos();

        for (int i = 0; i < 100_000; i++) {
            long now = clock.nanos();
            assertTrue(now >= before);
            before = now;
        }
    }

    @Test
    void aTimerExpiresOnceAndNotBeforeItsDeadline() throws InterruptedException {
        BlockingQueue<Long> times = new LinkedBlockingQueue<>();
        Clock.Timer timer = clock.timer(() -> times.add(clock.nanos()));
        long deadline = clock.nanos() + 2_000_000;

        timer.arm(deadline);

        assertTrue(times.take() >= deadline);
        expireMarker();
        assertTrue(times.isEmpty());
    }

    @Test
    void aClockThatIsSetGoesOnFromThereAndSoDoItsTimers() throws InterruptedException {
        clock.stop();
        clock.timer(() -> expired.add("expired")).arm(FAR + 1);
        clock.set(FAR, 3 * FAR);
        assertEquals(FAR, clock.nanos());
        assertEquals(3 * FAR, clock.wallNanos());

        clock.start();

        assertEquals("expired", expired.take());
        clock.set(5 * FAR, 5 * FAR);
        assertTrue(clock.nanos() >= 5 * FAR && clock.wallNanos() >= 5 * FAR);
    }

    @Test
    void timersExpireInOrderOfTheirDeadlines() throws InterruptedException {
        clock.stop();
        Clock.Timer second = clock.timer(() -> expired.add("second"));
        Clock.Timer first = clock.timer(() -> expired.add("first"));
        second.arm(clock.nanos() + 20_000);
        first.arm(clock.nanos() + 10_000);

        clock.start();

        assertEquals(List.of("first", "second"), List.of(expired.take(), expired.take()));
    }

    @Test
    void aDeadlineInThePastExpiresAtOnce() throws InterruptedException {
        clock.timer(() -> expired.add("late")).arm(-1);

        assertEquals("late", expired.take());
    }

    @Test
    void anEarlierTimerOvertakesOneThatIsSleptFor() throws InterruptedException {
        clock.timer(() -> expired.add("far")).arm(FAR);
        expireMarker();

        clock.timer(() -> expired.add("near")).arm(clock.nanos() + 1_000);

        assertEquals("near", expired.take());
    }

    @Test
    void armingAgainReplacesTheDeadline() throws InterruptedException {
        clock.stop();
        Clock.Timer timer = clock.timer(() -> expired.add("replaced"));
        timer.arm(0);
        timer.arm(FAR);

        clock.start();

        expireMarker();
        assertTrue(expired.isEmpty());
    }

    @Test
    void aCancelledTimerDoesNotExpire() throws InterruptedException {
        clock.stop();
        Clock.Timer timer = clock.timer(() -> expired.add("cancelled"));
        timer.arm(0);
        timer.cancel();

        clock.start();

        expireMarker();
        assertTrue(expired.isEmpty());
    }

    @Test
    void aStoppedClockStandsStillAndGoesOnFromThere() throws InterruptedException {
        clock.stop();
        long stopped = clock.nanos();
        long wall = clock.wallNanos();
        CountDownLatch fired = new CountDownLatch(1);
        clock.timer(fired::countDown).arm(stopped);

        assertEquals(stopped, clock.nanos());
        assertEquals(wall, clock.wallNanos());
        assertEquals(1, fired.getCount());

        clock.start();

        fired.await();
        assertTrue(clock.nanos() >= stopped);
        assertTrue(clock.nanos() < stopped + FAR);
    }

    /// Waits until a timer that is due now has expired: whatever was due before it has too.
    private void expireMarker() throws InterruptedException {
        CountDownLatch marker = new CountDownLatch(1);
        clock.timer(marker::countDown).arm(clock.nanos());
        marker.await();
    }
}
