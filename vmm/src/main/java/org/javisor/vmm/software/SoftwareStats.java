// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import java.util.Map;
import java.util.TreeMap;
import org.javisor.cpu.Cpu;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.Durations;
import org.javisor.cpu.MmuCounters;
import org.javisor.vmm.VcpuStats;
import org.javisor.vmm.engine.RunCounters;
import org.javisor.vmm.stats.Statistic;
import org.javisor.vmm.stats.Statistics;

/// The counters of a [SoftwareVcpu], its processor's among them.
///
/// An access that a device answers counts as an exit: it is one on hardware, and takes the processor away from guest
/// code here too.
final class SoftwareStats {
    private static final int HALT_BUCKETS = 32;
    private static final int PAGE_FAULT = 14;

    private final Cpu cpu;
    private final RunCounters counters;

    SoftwareStats(Cpu cpu, RunCounters counters) {
        this.cpu = cpu;
        this.counters = counters;
    }

    VcpuStats read() {
        long deviceNanos = 0;
        Map<String, Durations.Reading> answered = new TreeMap<>();
        for (int kind = CpuExit.PORT_READ; kind <= CpuExit.MMIO_WRITE; kind++) {
            Durations.Reading reading = cpu.answered(kind).read();
            deviceNanos += reading.nanos();
            if (reading.count() != 0) {
                answered.put(CpuExit.name(kind), reading);
            }
        }
        long[] exceptions = new long[VcpuStats.EXCEPTIONS];
        for (int vector = 0; vector < exceptions.length; vector++) {
            exceptions[vector] = cpu.delivered(vector);
        }
        return counters.read(deviceNanos).plus(new VcpuStats(cpu.instructions(), answered, exceptions, new long[256],
                0, 0, 0, cpu.msrs().unknownAccesses()));
    }

    /// With KVM's names where it counts the same.
    Statistics describe() {
        VcpuStats stats = read();
        MmuCounters mmu = cpu.mmuCounters();
        Durations.Reading halts = counters.halts();
        return Statistics.builder()
                .counter("exits", stats.exits().values().stream().mapToLong(Long::longValue).sum())
                .counter("io_exits", count(stats, CpuExit.PORT_READ) + count(stats, CpuExit.PORT_WRITE))
                .counter("mmio_exits", count(stats, CpuExit.MMIO_READ) + count(stats, CpuExit.MMIO_WRITE))
                .counter("halt_exits", count(stats, CpuExit.HALT))
                .counter("signal_exits", count(stats, CpuExit.KICK))
                .counter("hypercalls", count(stats, CpuExit.HYPERCALL))
                .counter("halt_wakeup", halts.count() - (counters.isHalting() ? 1 : 0))
                .nanoseconds("halt_wait_ns", counters.haltNanos())
                .add(Statistic.nanosecondsHistogram("halt_wait_hist", HALT_BUCKETS), folded(halts.buckets()))
                .add(Statistic.instant("blocking", Statistic.Unit.BOOLEAN), counters.isHalting() ? 1 : 0)
                .counter("irq_injections", counters.interrupts())
                .counter("nmi_injections", counters.nmis())
                .counter("exceptions", sum(stats.exceptions()))
                .counter("insn_emulation", cpu.interpreted())
                .counter("pf_taken", mmu.walks())
                .counter("pf_fixed", mmu.fills())
                .counter("pf_mmio", mmu.unbacked())
                .counter("pf_guest", stats.exceptions()[PAGE_FAULT])
                .counter("tlb_flush", mmu.flushes())
                .counter("invlpg", mmu.invalidations())
                .nanoseconds("guest_ns", stats.guestNanos())
                .nanoseconds("device_ns", stats.deviceNanos())
                .build();
    }

    private static long count(VcpuStats stats, int reason) {
        return stats.exits().getOrDefault(CpuExit.name(reason), 0L);
    }

    private static long sum(long[] counts) {
        long sum = 0;
        for (long count : counts) {
            sum += count;
        }
        return sum;
    }

    /// The last bucket takes what is above it.
    private static long[] folded(long[] buckets) {
        long[] fewer = new long[HALT_BUCKETS];
        for (int i = 0; i < buckets.length; i++) {
            fewer[Math.min(i, HALT_BUCKETS - 1)] += buckets[i];
        }
        return fewer;
    }
}
