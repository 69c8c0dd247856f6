// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.control;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.javisor.cpu.Durations;
import org.javisor.vmm.stats.Statistic;
import org.javisor.vmm.stats.Statistics;

/// A [MachineReading] as lines of words, as it goes through the socket:
///
/// ```
/// machine ENGINE NANOS
/// statistic NAME KIND UNIT BASE EXPONENT BUCKET-SIZE VALUE,...     of the machine
/// vcpu ID                                                          what follows is its
/// exit REASON COUNT NANOS SHORTEST LONGEST BUCKET,...
/// statistic ...
/// ```
final class ReadingText {
    private MachineHead head;
    private Statistics machine;
    private final List<MachineReading.Processor> processors = new ArrayList<>();
    private int vcpu = -1;
    private SortedMap<String, Durations.Reading> exits = new TreeMap<>();
    private Statistics.Builder statistics = Statistics.builder();

    private record MachineHead(String engine, long nanos) { }

    private ReadingText() { }

    static List<String> lines(MachineReading reading) {
        List<String> lines = new ArrayList<>();
        lines.add("machine " + reading.engine() + " " + reading.nanos());
        add(lines, reading.machine());
        for (MachineReading.Processor processor : reading.processors()) {
            lines.add("vcpu " + processor.id());
            processor.exits().forEach((reason, times) -> lines.add(String.join(" ", "exit", reason,
                    numbers(" ", times.count(), times.nanos(), times.shortest(), times.longest()),
                    numbers(",", times.buckets()))));
            add(lines, processor.statistics());
        }
        return lines;
    }

    private static void add(List<String> lines, Statistics statistics) {
        for (Statistic each : statistics.descriptors()) {
            lines.add(String.format(Locale.ROOT, "statistic %s %s %s %s %d %d %s", each.name(), each.kind(),
                    each.unit(), each.base(), each.exponent(), each.bucketSize(),
                    numbers(",", statistics.values(each.name()))));
        }
    }

    private static String numbers(String separator, long... values) {
        return LongStream.of(values).mapToObj(Long::toString).collect(Collectors.joining(separator));
    }

    /// The reverse of [#lines].
    ///
    /// @throws IllegalArgumentException for lines that are none of ours
    static MachineReading parse(List<String> lines) {
        try {
            ReadingText text = new ReadingText();
            lines.forEach(line -> text.take(line.split(" ")));
            text.endSection();
            return new MachineReading(text.head.engine, text.head.nanos, text.machine, text.processors);
        } catch (IndexOutOfBoundsException | NullPointerException e) {
            throw new IllegalArgumentException("not a machine's statistics: " + lines, e);
        }
    }

    private void take(String[] words) {
        switch (words[0]) {
            case "machine" -> head = new MachineHead(words[1], Long.parseLong(words[2]));
            case "vcpu" -> {
                endSection();
                vcpu = Integer.parseInt(words[1]);
            }
            case "exit" -> exits.put(words[1], new Durations.Reading(Long.parseLong(words[2]),
                    Long.parseLong(words[3]), Long.parseLong(words[4]), Long.parseLong(words[5]),
                    Arrays.copyOf(values(words[6]), Durations.BUCKETS)));
            case "statistic" -> {
                long[] values = values(words[7]);
                statistics.add(new Statistic(words[1], Statistic.Kind.valueOf(words[2]),
                        Statistic.Unit.valueOf(words[3]), Statistic.Base.valueOf(words[4]),
                        Integer.parseInt(words[5]), values.length, Integer.parseInt(words[6])), values);
            }
            default -> throw new IllegalArgumentException("not a line of a machine's statistics: " + words[0]);
        }
    }

    private static long[] values(String word) {
        return Arrays.stream(word.split(",")).mapToLong(Long::parseLong).toArray();
    }

    private void endSection() {
        if (vcpu < 0) {
            machine = statistics.build();
        } else {
            processors.add(new MachineReading.Processor(vcpu, exits, statistics.build()));
        }
        exits = new TreeMap<>();
        statistics = Statistics.builder();
    }
}
