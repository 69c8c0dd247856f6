// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.control;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.LongStream;
import org.javisor.app.control.RuntimeDirectory.Entry;
import org.javisor.app.json.Json;
import org.javisor.cpu.Durations;
import org.javisor.vmm.stats.Statistic;
import org.javisor.vmm.stats.Statistics;

/// A reading for programs: counters since the machine began.
final class StatJson {
    private StatJson() { }

    static Json of(Entry entry, MachineReading reading) {
        List<Json> processors = new ArrayList<>();
        for (MachineReading.Processor processor : reading.processors()) {
            processors.add(new Json().with("id", processor.id()).with("exits", exits(processor.exits()))
                    .with("statistics", statistics(processor.statistics())));
        }
        return new Json().with("pid", entry.pid()).with("name", entry.name()).with("engine", reading.engine())
                .with("nanoseconds", reading.nanos()).with("statistics", statistics(reading.machine()))
                .with("vcpus", processors);
    }

    private static Json exits(Map<String, Durations.Reading> exits) {
        Json object = new Json();
        exits.forEach((reason, times) -> object.with(reason, new Json().with("count", times.count())
                .with("nanoseconds", times.nanos())
                .with("shortest", times.shortest() == Long.MAX_VALUE ? null : times.shortest())
                .with("longest", times.longest()).with("log2-histogram", numbers(times.buckets()))));
        return object;
    }

    private static List<Json> statistics(Statistics statistics) {
        List<Json> list = new ArrayList<>();
        for (Statistic each : statistics.descriptors()) {
            Json object = new Json().with("name", each.name()).with("kind", word(each.kind()))
                    .with("unit", word(each.unit())).with("base", each.base() == Statistic.Base.POW2 ? 2 : 10)
                    .with("exponent", each.exponent());
            list.add(each.kind().isHistogram() ? object.with("values", numbers(statistics.values(each.name())))
                    : object.with("value", statistics.value(each.name())));
        }
        return list;
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static List<Long> numbers(long[] values) {
        return LongStream.of(values).boxed().toList();
    }
}
