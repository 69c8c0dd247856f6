// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.control;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.javisor.cpu.Durations;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.stats.Statistics;

/// All counters of a machine at one moment.
///
/// @param engine what executes guest code
/// @param nanos  since the machine was built
record MachineReading(String engine, long nanos, Statistics machine, List<Processor> processors) {
    /// Of one vCPU.
    ///
    /// @param exits by reason
    record Processor(int id, SortedMap<String, Durations.Reading> exits, Statistics statistics) { }

    MachineReading {
        processors = List.copyOf(processors);
    }

    static MachineReading of(Vm vm, long nanos) {
        List<Processor> processors = new ArrayList<>();
        for (Vcpu vcpu : vm.vcpus()) {
            processors.add(
                    new Processor(vcpu.id(), new TreeMap<>(vcpu.stats().exitTimes()), vcpu.statistics()));
        }
        return new MachineReading(vm.engine(), nanos, vm.statistics(), processors);
    }

    /// Of one vCPU, by number, or with -1 of all together.
    Map<String, Durations.Reading> exits(int vcpu) {
        Map<String, Durations.Reading> sum = new TreeMap<>();
        processors.stream().filter(p -> vcpu < 0 || p.id() == vcpu)
                .forEach(p -> p.exits().forEach((reason, times) -> sum.merge(reason, times, Durations.Reading::plus)));
        return sum;
    }
}
