// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.Map;
import java.util.TreeMap;
import org.javisor.cpu.CpuExit;

/// The counters behind [VcpuStats]. Written by the vCPU's thread alone, plainly; who reads them from another thread may
/// see a count that is a little old.
final class RunCounters {
    private static final int REASONS = CpuExit.INTERNAL_ERROR + 1;
    private final long[] exits = new long[REASONS];
    private final long[] interrupts = new long[256];
    private long haltNanos;
    private long runNanos;

    void exited(int reason) {
        exits[reason]++;
    }

    void interrupted(int vector) {
        interrupts[vector]++;
    }

    void halted(long nanos) {
        haltNanos += nanos;
    }

    /// @param nanos spent in a run, halted or not
    void ran(long nanos) {
        runNanos += nanos;
    }

    VcpuStats read(long instructions, long unknownMsrs) {
        Map<String, Long> byName = new TreeMap<>();
        for (int i = 0; i < REASONS; i++) {
            if (exits[i] != 0) {
                byName.put(CpuExit.name(i), exits[i]);
            }
        }
        return new VcpuStats(instructions, byName, interrupts.clone(), haltNanos, Math.max(0, runNanos - haltNanos),
                unknownMsrs);
    }
}
