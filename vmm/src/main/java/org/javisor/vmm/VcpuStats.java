// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.Map;
import java.util.TreeMap;

/// What one vCPU, or all of a machine's together, did so far: a reading of counters that go on.
///
/// @param instructions executed
/// @param exits        how often the processor stopped running code, by reason
/// @param interrupts   how often each vector was taken from the interrupt chips; 256 counts
/// @param haltNanos    time spent waiting for an interrupt or a start-up IPI
/// @param runNanos     time spent in [Vcpu#run] otherwise
/// @param unknownMsrs  accesses to model-specific registers that do not exist
public record VcpuStats(long instructions, Map<String, Long> exits, long[] interrupts, long haltNanos,
        long runNanos, long unknownMsrs) {
    static final VcpuStats NONE = new VcpuStats(0, Map.of(), new long[256], 0, 0, 0);

    /// The sum of two.
    public VcpuStats plus(VcpuStats other) {
        Map<String, Long> sum = new TreeMap<>(exits);
        other.exits.forEach((reason, count) -> sum.merge(reason, count, Long::sum));
        long[] vectors = interrupts.clone();
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] += other.interrupts[i];
        }
        return new VcpuStats(instructions + other.instructions, sum, vectors, haltNanos + other.haltNanos,
                runNanos + other.runNanos, unknownMsrs + other.unknownMsrs);
    }
}
