// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.javisor.cpu.Durations;
import org.javisor.vmm.stats.Statistic;
import org.javisor.vmm.stats.Statistics;
import org.junit.jupiter.api.Test;

class ReadingTextTest {
    static Durations.Reading times(long... nanos) {
        Durations durations = new Durations();
        for (long each : nanos) {
            durations.add(each);
        }
        return durations.read();
    }

    static MachineReading reading(long nanos, Map<String, Durations.Reading> exits, long halts) {
        Statistics machine = Statistics.builder().counter("resets", 2)
                .add(Statistic.instant("cache", Statistic.Unit.BYTES), 4096).build();
        Statistics processor = Statistics.builder().counter("halts", halts)
                .add(Statistic.nanosecondsHistogram("wait_hist", 3), 1, 2, 3).build();
        return new MachineReading("software", nanos, machine,
                List.of(new MachineReading.Processor(0, new TreeMap<>(exits), processor),
                        new MachineReading.Processor(1, new TreeMap<>(), processor)));
    }

    @Test
    void whatIsWrittenIsReadBack() {
        MachineReading written = reading(77, Map.of("HALT", times(5, 900), "KICK", times(0)), 9);

        List<String> lines = ReadingText.lines(written);
        MachineReading read = ReadingText.parse(lines);

        assertEquals(lines, ReadingText.lines(read));
        assertEquals(77, read.nanos());
        assertEquals(905, read.exits(0).get("HALT").nanos());
        assertEquals(Map.of(), read.exits(1));
        assertEquals(written.machine().descriptors(), read.machine().descriptors());
        assertArrayEquals(new long[] {1, 2, 3}, read.processors().get(1).statistics().values("wait_hist"));
    }

    @Test
    void otherTextIsRefused() {
        for (String line : List.of("", "machine", "machine software x", "vcpu", "exit HALT 1 2 3", "statistic a",
                "statistic a CUMULATIVE NONE POW10 0 0 x", "hello")) {
            assertThrows(IllegalArgumentException.class, () -> ReadingText.parse(List.of(line)), line);
        }
    }
}
