// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class DurationsTest {
    @Test
    void bucketsArePowersOfTwoAndTheLastOneIsOpen() {
        Durations durations = new Durations();
        for (long nanos : new long[] {0, 1, 2, 3, 4, 7, 8, 1L << 38, 1L << 60}) {
            durations.add(nanos);
        }

        long[] buckets = durations.read().buckets();

        assertEquals("[1, 1, 2, 2, 1]", Arrays.toString(Arrays.copyOf(buckets, 5)));
        assertEquals(2, buckets[Durations.BUCKETS - 1]);
        assertEquals(9, Arrays.stream(buckets).sum());
    }

    @Test
    void whatHasNotEndedIsCountedButNotTimed() {
        Durations durations = new Durations();
        durations.add(5);
        durations.began();

        Durations.Reading reading = durations.read();

        assertEquals(2, reading.count());
        assertEquals(5, reading.nanos());
        assertEquals(5, reading.shortest());
        assertEquals(1, Arrays.stream(reading.buckets()).sum());
    }

    @Test
    void sumsKeepTheExtremes() {
        Durations one = new Durations(), other = new Durations();
        one.add(3);
        one.add(90);
        other.add(40);

        Durations.Reading sum = one.read().plus(other.read()).plus(Durations.Reading.NONE);

        assertEquals(3, sum.count());
        assertEquals(133, sum.nanos());
        assertEquals(3, sum.shortest());
        assertEquals(90, sum.longest());
    }
}
