// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class HaltPollTest {
    private static final long MOST = 50_000;

    private final PollRoom room = new PollRoom(2);

    private static boolean never() {
        throw new AssertionError("it does not look");
    }

    @Test
    void whoseWaitsAreShortLooksLongerEachTimeUpToALimit() {
        HaltPoll poll = new HaltPoll(MOST, room);
        assertFalse(poll.finds(System.nanoTime(), HaltPollTest::never), "not at first");
        long[] expected = {10_000, 20_000, 40_000, MOST, MOST};
        for (long nanos : expected) {
            poll.over(MOST);
            assertEquals(nanos, poll.nanos());
        }
        assertTrue(poll.finds(System.nanoTime(), () -> true));
        assertFalse(poll.finds(System.nanoTime() - MOST, () -> false), "that long and no longer");
    }

    @Test
    void whatHasBeenFoundIsReasonToStay() {
        HaltPoll poll = new HaltPoll(MOST, room);
        poll.over(20_000);
        poll.over(5_000);
        assertEquals(10_000, poll.nanos());
    }

    @Test
    void aLongWaitIsReasonNotToLook() {
        HaltPoll poll = new HaltPoll(MOST, room);
        poll.over(20_000);
        poll.over(MOST + 1);
        assertEquals(0, poll.nanos());
        assertFalse(poll.finds(System.nanoTime(), HaltPollTest::never));
    }

    @Test
    void withoutALimitNobodyLooks() {
        HaltPoll poll = new HaltPoll(0, room);
        poll.over(1);
        assertEquals(0, poll.nanos());
    }

    @Test
    void oneProcessorIsLeftForWhoBringsWork() {
        boolean[] executes = {true};
        room.add(() -> executes[0]);
        assertFalse(room.enter(), "one executes, and one would look");

        executes[0] = false;
        assertTrue(room.enter());
        assertFalse(room.enter(), "one looks already");
        room.leave();
        assertTrue(room.enter());
    }

    @Test
    void whoMayNotLookSleepsAtOnce() {
        room.add(() -> true);
        HaltPoll poll = new HaltPoll(MOST, room);
        poll.over(1_000);
        assertFalse(poll.finds(System.nanoTime(), HaltPollTest::never));
    }
}
