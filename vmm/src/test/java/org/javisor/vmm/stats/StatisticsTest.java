// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.stats;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;

class StatisticsTest {
    private final Statistics statistics = Statistics.builder().counter("exits", 7)
            .add(Statistic.nanosecondsHistogram("wait_hist", 3), 1, 2, 3).build();

    @Test
    void descriptorsComeInTheirOrder() {
        assertEquals(List.of("exits", "wait_hist"),
                statistics.descriptors().stream().map(Statistic::name).toList());
        assertEquals(new Statistic("wait_hist", Statistic.Kind.LOG_HISTOGRAM, Statistic.Unit.SECONDS,
                Statistic.Base.POW10, -9, 3, 0), statistics.descriptor("wait_hist"));
    }

    @Test
    void valuesAreFoundByName() {
        assertEquals(7, statistics.value("exits"));
        assertArrayEquals(new long[] {1, 2, 3}, statistics.values("wait_hist"));
        assertThrows(NoSuchElementException.class, () -> statistics.value("nothing"));
        assertThrows(IllegalArgumentException.class, () -> statistics.value("wait_hist"));
    }

    @Test
    void whoReadsCannotChangeThem() {
        statistics.values("wait_hist")[0] = 99;

        assertEquals(1, statistics.values("wait_hist")[0]);
    }

    @Test
    void whatDoesNotFitTogetherIsRefused() {
        Statistics.Builder builder = Statistics.builder().counter("exits", 1);

        assertThrows(IllegalArgumentException.class, () -> builder.counter("exits", 2));
        assertThrows(IllegalArgumentException.class, () -> builder.add(Statistic.nanosecondsHistogram("h", 2), 1));
        assertThrows(IllegalArgumentException.class, () -> Statistic.counter("No name"));
        assertThrows(IllegalArgumentException.class, () -> new Statistic("two", Statistic.Kind.PEAK,
                Statistic.Unit.NONE, Statistic.Base.POW10, 0, 2, 0));
    }
}
