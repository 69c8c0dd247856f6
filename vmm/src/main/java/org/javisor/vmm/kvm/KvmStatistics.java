// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.Arrays;
import org.javisor.vmm.stats.Statistic;
import org.javisor.vmm.stats.Statistics;

/// What KVM counts of a machine or a processor, as [Statistics]. Nothing, where the host's KVM does not tell.
final class KvmStatistics {
    private static final Statistic.Kind[] KINDS = Statistic.Kind.values();
    /// By KVM's numbers.
    private static final Statistic.Unit[] UNITS = {Statistic.Unit.NONE, Statistic.Unit.BYTES, Statistic.Unit.SECONDS,
        Statistic.Unit.CYCLES, Statistic.Unit.BOOLEAN};

    /// Null where there are none. Guarded by this object's monitor.
    private StatisticsFd fd;

    KvmStatistics(KvmFd of) {
        fd = of.has(KvmCapability.BINARY_STATS_FD) ? of.statistics() : null;
    }

    Statistics read() {
        Statistics.Builder builder = Statistics.builder();
        describe(builder);
        return builder.build();
    }

    synchronized void describe(Statistics.Builder builder) {
        if (fd == null) {
            return;
        }
        long[] all = fd.read();
        for (StatisticsFd.Descriptor descriptor : fd.descriptors()) {
            // What a newer kernel describes in ways of its own is left out.
            if (descriptor.kind() < KINDS.length && descriptor.unit() < UNITS.length) {
                int first = descriptor.offset() / Long.BYTES;
                builder.add(statistic(descriptor), Arrays.copyOfRange(all, first, first + descriptor.values()));
            }
        }
    }

    private static Statistic statistic(StatisticsFd.Descriptor descriptor) {
        return new Statistic(descriptor.name(), KINDS[descriptor.kind()], UNITS[descriptor.unit()],
                descriptor.base() == 0 ? Statistic.Base.POW10 : Statistic.Base.POW2, descriptor.exponent(),
                descriptor.values(), descriptor.bucketBytes());
    }

    /// No numbers any more.
    synchronized void close() {
        if (fd != null) {
            fd.close();
            fd = null;
        }
    }
}
