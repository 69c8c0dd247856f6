// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import org.javisor.vmm.VcpuStats;

/// What `--stats` prints.
///
/// @param wallNanos from the start of the command to the end of the guest
record StatsReport(VcpuStats stats, long wallNanos) {
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        double runSeconds = stats.runNanos() / 1e9;
        line(text, "instructions %,d (%.1f million a second of running)", stats.instructions(),
                runSeconds == 0 ? 0 : stats.instructions() / runSeconds / 1e6);
        line(text, "time         %.3f s in all; processors: %.3f s running, %.3f s halted", wallNanos / 1e9, runSeconds,
                stats.haltNanos() / 1e9);
        line(text, "exits by kind");
        stats.exits().entrySet().stream().filter(e -> e.getValue() > 0)
                .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder()))
                .forEach(e -> line(text, "  %-24s %,12d", e.getKey(), e.getValue()));
        line(text, "interrupts by vector");
        for (int vector = 0; vector < stats.interrupts().length; vector++) {
            if (stats.interrupts()[vector] > 0) {
                line(text, "  0x%02x %,32d", vector, stats.interrupts()[vector]);
            }
        }
        return text.toString();
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
