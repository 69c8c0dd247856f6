// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.Map;
import java.util.TreeMap;
import org.javisor.cpu.Durations;

/// What one vCPU, or all of a machine's together, did so far: a reading of counters that go on.
///
/// @param instructions executed
/// @param exitTimes    how often, and for how long, the processor stopped executing instructions, by reason; accesses
///     to devices among them
/// @param exceptions   how often each of vectors 0 to 31 was delivered
/// @param interrupts   how often each vector was taken from the interrupt chips; 256 counts
/// @param guestNanos   time spent executing guest code
/// @param deviceNanos  time spent in devices, answering accesses
/// @param haltNanos    time spent waiting for an interrupt or a start-up IPI
/// @param unknownMsrs  accesses to model-specific registers that do not exist
public record VcpuStats(long instructions, Map<String, Durations.Reading> exitTimes, long[] exceptions,
        long[] interrupts, long guestNanos, long deviceNanos, long haltNanos, long unknownMsrs) {
    public static final int EXCEPTIONS = 32;
    public static final VcpuStats NONE = new VcpuStats(0, Map.of(), new long[EXCEPTIONS], new long[256], 0, 0, 0, 0);

    /// How often the processor stopped executing instructions, by reason.
    public Map<String, Long> exits() {
        Map<String, Long> counts = new TreeMap<>();
        exitTimes.forEach((reason, times) -> counts.put(reason, times.count()));
        return counts;
    }

    /// The sum of two.
    public VcpuStats plus(VcpuStats other) {
        Map<String, Durations.Reading> sum = new TreeMap<>(exitTimes);
        other.exitTimes.forEach((reason, times) -> sum.merge(reason, times, Durations.Reading::plus));
        return new VcpuStats(instructions + other.instructions, sum, plus(exceptions, other.exceptions),
                plus(interrupts, other.interrupts), guestNanos + other.guestNanos, deviceNanos + other.deviceNanos,
                haltNanos + other.haltNanos, unknownMsrs + other.unknownMsrs);
    }

    private static long[] plus(long[] a, long[] b) {
        long[] sum = a.clone();
        for (int i = 0; i < sum.length; i++) {
            sum[i] += b[i];
        }
        return sum;
    }
}
