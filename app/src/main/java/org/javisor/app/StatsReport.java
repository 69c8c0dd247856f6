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
        double guestSeconds = stats.guestNanos() / 1e9;
        line(text, "instructions  %,d (%.1f million a second of guest time)", stats.instructions(),
                guestSeconds == 0 ? 0 : stats.instructions() / guestSeconds / 1e6);
        line(text, "time          %.3f s in all", wallNanos / 1e9);
        line(text, "of processors %.3f s in guest code, %.3f s in devices, %.3f s halted", guestSeconds,
                stats.deviceNanos() / 1e9, stats.haltNanos() / 1e9);
        if (stats.unknownMsrs() > 0) {
            line(text, "accesses to unknown MSRs %,d", stats.unknownMsrs());
        }
        line(text, "exits by kind");
        stats.exits().entrySet().stream().sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder()))
                .forEach(e -> line(text, "  %-24s %,12d", e.getKey(), e.getValue()));
        byVector(text, "exceptions by vector", stats.exceptions());
        byVector(text, "interrupts by vector", stats.interrupts());
        return text.toString();
    }

    private static void byVector(StringBuilder text, String title, long[] counts) {
        line(text, title);
        for (int vector = 0; vector < counts.length; vector++) {
            if (counts[vector] > 0) {
                line(text, "  0x%02x %,32d", vector, counts[vector]);
            }
        }
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
