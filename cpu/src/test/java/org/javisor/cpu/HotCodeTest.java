// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HotCodeTest {
    private static final int MANY = 10_000;

    private static long hash(int n) {
        return HotCode.part(0x1234_5678_9abc_def0L, n);
    }

    @Test
    void theNextRunKnowsWhatThisOneHasLearned() {
        HotCode code = new HotCode();
        for (int n = 0; n < MANY; n++) {
            code.learn(hash(n), n % 60 + 1);
        }
        assertEquals(0, code.executions(hash(1)), "it is for the next run");

        HotCode next = new HotCode(code.entries());

        for (int n = 0; n < MANY; n++) {
            assertEquals(Integer.highestOneBit(n % 60 + 1), next.executions(hash(n)));
            assertEquals(0, next.executions(hash(n + MANY)));
        }
        assertFalse(next.hasLearned());
    }

    @Test
    void whatIsNotMetAgainStays() {
        HotCode first = new HotCode();
        first.learn(hash(1), 60);
        HotCode second = new HotCode(first.entries());
        second.learn(hash(2), 60);
        assertTrue(second.hasLearned());

        HotCode third = new HotCode(second.entries());

        assertTrue(third.executions(hash(1)) > 0 && third.executions(hash(2)) > 0);
    }

    @Test
    void whatIsNewPushesOutWhatIsOld() {
        HotCode first = new HotCode();
        for (int n = 0; n < HotCode.CAPACITY; n++) {
            first.learn(hash(n), 60);
        }
        HotCode second = new HotCode(first.entries());
        for (int n = 0; n < MANY; n++) {
            second.learn(hash(-1 - n), 60);
        }

        long[] entries = second.entries();
        assertEquals(HotCode.CAPACITY, entries.length);
        HotCode third = new HotCode(entries);
        for (int n = 0; n < MANY; n++) {
            assertTrue(third.executions(hash(-1 - n)) > 0);
        }
    }

    @Test
    void anyNumbersCanBeRead() {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        long[] numbers = new Random(seed).longs(3 * HotCode.CAPACITY).toArray();
        Arrays.fill(numbers, 0, 100, 0);
        Arrays.fill(numbers, 100, 200, -1);
        Arrays.fill(numbers, 200, 300, 0xf);

        HotCode code = new HotCode(numbers);

        assertTrue(code.entries().length <= HotCode.CAPACITY, "seed " + seed);
        for (long number : numbers) {
            assertTrue(code.executions(number) >= 0, "seed " + seed);
        }
    }
}
