// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.Map;
import java.util.TreeMap;
import org.javisor.cpu.Cpu;
import org.javisor.cpu.CpuExit;

/// The counters behind [VcpuStats]. Written by the vCPU's thread alone, plainly; who reads them from another thread may
/// see a count that is a little old.
final class RunCounters {
    private static final int REASONS = CpuExit.DEBUG + 1;
    private static final int EXCEPTIONS = 32;
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

    VcpuStats read(Cpu cpu) {
        Map<String, Long> byName = new TreeMap<>();
        for (int reason = 0; reason < REASONS; reason++) {
            long count = exits[reason] + (reason < CpuExit.INTERNAL_ERROR ? cpu.answered(reason) : 0);
            if (count != 0) {
                byName.put(CpuExit.name(reason), count);
            }
        }
        long[] exceptions = new long[EXCEPTIONS];
        for (int vector = 0; vector < EXCEPTIONS; vector++) {
            exceptions[vector] = cpu.delivered(vector);
        }
        long deviceNanos = cpu.deviceNanos();
        return new VcpuStats(cpu.instructions(), byName, exceptions, interrupts.clone(),
                Math.max(0, runNanos - haltNanos - deviceNanos), deviceNanos, haltNanos, cpu.msrs().unknownAccesses());
    }
}
