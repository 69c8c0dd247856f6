// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.control;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.javisor.cpu.Durations;
import org.javisor.vmm.stats.Statistic;
import org.javisor.vmm.stats.Statistics;

/// What a machine did between two readings, for people: exits by reason, then what else is counted.
final class StatTable {
    private static final double PERCENTILE = 0.99;

    private final MachineReading before;
    private final MachineReading now;
    private final int vcpu;
    private final double seconds;
    private final StringBuilder text = new StringBuilder();

    private record Row(String reason, Durations.Reading times) { }

    private StatTable(MachineReading before, MachineReading now, int vcpu) {
        this.before = before;
        this.now = now;
        this.vcpu = vcpu;
        this.seconds = (now.nanos() - (before == null ? 0 : before.nanos())) / 1e9;
    }

    /// @param before null for all since the machine began
    /// @param vcpu   its number, or -1 for all together
    static String of(MachineReading before, MachineReading now, int vcpu) {
        StatTable table = new StatTable(before, now, vcpu);
        table.exits();
        table.counters(table.sums(now), before == null ? Map.of() : table.sums(before));
        return table.text.toString();
    }

    // ---- exits ----

    private void exits() {
        List<Row> rows = new ArrayList<>();
        Map<String, Durations.Reading> earlier = before == null ? Map.of() : before.exits(vcpu);
        now.exits(vcpu).forEach((reason, times) -> rows.add(new Row(reason,
                since(earlier.getOrDefault(reason, Durations.Reading.NONE), times))));
        rows.removeIf(row -> row.times.count() == 0);
        rows.sort(Comparator.comparingLong((Row row) -> row.times.count()).reversed());
        long count = rows.stream().mapToLong(row -> row.times.count()).sum();
        long nanos = rows.stream().mapToLong(row -> row.times.nanos()).sum();
        line("%-18s %12s %10s %7s %9s %7s %9s %9s %9s %9s", "exit", "count", "per s", "count%", "time", "time%", "min",
                "avg", "p99 <", "max");
        for (Row row : rows) {
            Durations.Reading times = row.times;
            line("%-18s %,12d %,10.1f %7.2f %9s %7.2f %9s %9s %9s %9s", row.reason, times.count(),
                    times.count() / seconds, 100.0 * times.count() / count, duration(times.nanos()),
                    nanos == 0 ? 0 : 100.0 * times.nanos() / nanos,
                    times.shortest() == Long.MAX_VALUE ? "-" : duration(times.shortest()), average(times),
                    percentile(times), duration(times.longest()));
        }
        line("%-18s %,12d %,10.1f %7s %9s", "all", count, count / seconds, "", duration(nanos));
    }

    /// The extremes are those since the machine began.
    private static Durations.Reading since(Durations.Reading before, Durations.Reading now) {
        long[] buckets = now.buckets().clone();
        for (int i = 0; i < buckets.length; i++) {
            buckets[i] -= before.buckets()[i];
        }
        return new Durations.Reading(now.count() - before.count(), now.nanos() - before.nanos(), now.shortest(),
                now.longest(), buckets);
    }

    private static long timed(Durations.Reading times) {
        long sum = 0;
        for (long count : times.buckets()) {
            sum += count;
        }
        return sum;
    }

    private static String average(Durations.Reading times) {
        long timed = timed(times);
        return timed == 0 ? "-" : duration(times.nanos() / timed);
    }

    /// What all but a hundredth took less than, as far as the histogram tells.
    private static String percentile(Durations.Reading times) {
        long wanted = (long) Math.ceil(timed(times) * PERCENTILE);
        if (wanted == 0) {
            return "-";
        }
        int bucket = 0;
        for (long seen = times.buckets()[0]; seen < wanted; seen += times.buckets()[bucket]) {
            bucket++;
        }
        return bucket == Durations.BUCKETS - 1 ? "-" : duration(1L << bucket);
    }

    // ---- everything else ----

    private Map<Statistic, Long> sums(MachineReading reading) {
        Map<Statistic, Long> sums = new LinkedHashMap<>();
        for (MachineReading.Processor processor : reading.processors()) {
            if (vcpu < 0 || processor.id() == vcpu) {
                add(sums, processor.statistics());
            }
        }
        add(sums, reading.machine());
        return sums;
    }

    private static void add(Map<Statistic, Long> sums, Statistics statistics) {
        for (Statistic each : statistics.descriptors()) {
            if (!each.kind().isHistogram()) {
                boolean peak = each.kind() == Statistic.Kind.PEAK;
                sums.merge(each, statistics.value(each.name()), peak ? Math::max : Long::sum);
            }
        }
    }

    private void counters(Map<Statistic, Long> sums, Map<Statistic, Long> earlier) {
        line("");
        line("%-26s %18s %14s", "statistic", "total", "per s");
        sums.forEach((statistic, value) -> {
            boolean grows = statistic.kind() == Statistic.Kind.CUMULATIVE;
            long change = value - earlier.getOrDefault(statistic, 0L);
            if (value != 0) {
                line("%-26s %18s %14s", statistic.name(), value(statistic, value),
                        grows ? rate(statistic, change) : "");
            }
        });
    }

    private static String value(Statistic statistic, long value) {
        return switch (statistic.unit()) {
            case SECONDS -> duration((long) (value * scale(statistic) * 1e9));
            case BOOLEAN, NONE, CYCLES, BYTES -> String.format(Locale.ROOT, "%,.0f", value * scale(statistic));
        };
    }

    /// Of a time, how much of each second it was; of several processors together it may be more than all of it.
    private String rate(Statistic statistic, long change) {
        double perSecond = change * scale(statistic) / seconds;
        return statistic.unit() == Statistic.Unit.SECONDS ? String.format(Locale.ROOT, "%.1f %%", 100 * perSecond)
                : String.format(Locale.ROOT, "%,.1f", perSecond);
    }

    private static double scale(Statistic statistic) {
        return Math.pow(statistic.base() == Statistic.Base.POW2 ? 2 : 10, statistic.exponent());
    }

    static String duration(long nanos) {
        if (nanos < 1_000) {
            return nanos + "ns";
        }
        double value = nanos / 1e3;
        String unit = "us";
        if (value >= 999.95) {
            value /= 1e3;
            unit = "ms";
        }
        if (value >= 999.95) {
            value /= 1e3;
            unit = "s";
        }
        return String.format(Locale.ROOT, value < 9.995 ? "%.2f%s" : "%.1f%s", value, unit);
    }

    private void line(String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values).stripTrailing()).append('\n');
    }
}
