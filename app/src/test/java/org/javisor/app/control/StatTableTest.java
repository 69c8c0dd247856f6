// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.control;

import static org.javisor.app.control.ReadingTextTest.reading;
import static org.javisor.app.control.ReadingTextTest.times;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;

class StatTableTest {
    private static final String ALL = """
            exit                      count      per s  count%      time   time%       min       avg     p99 <       max
            PORT_READ                     3        1.5   60.00    1.50us    0.04     400ns     500ns    1.02us     600ns
            HALT                          2        1.0   40.00    4.00ms   99.96    1.00ms    2.00ms    4.19ms    3.00ms
            all                           5        2.5            4.00ms

            statistic                               total          per s
            halts                                      18            9.0
            resets                                      2            1.0
            cache                                   4,096
            """;

    @Test
    void allSinceTheMachineBeganIsShown() {
        MachineReading now = reading(2_000_000_000,
                Map.of("HALT", times(1_000_000, 3_000_000), "PORT_READ", times(400, 500, 600)), 9);

        assertEquals(ALL, StatTable.of(null, now, -1));
    }

    @Test
    void twoReadingsGiveWhatWasBetween() {
        MachineReading before = reading(1_000_000_000, Map.of("HALT", times(10), "KICK", times(1)), 4);
        MachineReading now = reading(3_000_000_000L, Map.of("HALT", times(10, 500, 700), "KICK", times(1)), 10);

        String table = StatTable.of(before, now, 0);

        assertTrue(table.contains("HALT                          2        1.0  100.00    1.20us  100.00      10ns"
                + "     600ns    1.02us     700ns\n"), table);
        assertTrue(!table.contains("KICK"), table);
        assertTrue(table.contains("halts                                      10            3.0\n"), table);
    }

    @Test
    void oneProcessorCanBeShownAlone() {
        MachineReading now = reading(1_000_000_000, Map.of("HALT", times(10)), 5);

        assertTrue(StatTable.of(null, now, 0).contains("HALT"));
        assertTrue(!StatTable.of(null, now, 1).contains("HALT"));
    }

    @Test
    void durationsHaveThreeDigitsAndTheirUnit() {
        assertEquals("0ns", StatTable.duration(0));
        assertEquals("999ns", StatTable.duration(999));
        assertEquals("1.00us", StatTable.duration(1_000));
        assertEquals("12.3us", StatTable.duration(12_345));
        assertEquals("1.00ms", StatTable.duration(999_990));
        assertEquals("1.50s", StatTable.duration(1_500_000_000));
    }
}
