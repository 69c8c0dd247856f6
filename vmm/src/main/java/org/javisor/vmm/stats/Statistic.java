// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.stats;

import java.util.Objects;

/// What a statistic is called and what its numbers mean.
///
/// @param name       small letters and underscores
/// @param base       with the exponent: a value of 1 is `base` to the power of `exponent` units
/// @param values     how many numbers it has: one, or a histogram's buckets
/// @param bucketSize of a linear histogram; else 0
/// @linux Documentation/virt/kvm/api.rst "KVM_GET_STATS_FD"
public record Statistic(String name, Kind kind, Unit unit, Base base, int exponent, int values, int bucketSize) {
    /// How its numbers behave.
    public enum Kind {
        /// Only grows.
        CUMULATIVE,
        /// What is so now.
        INSTANT,
        /// The largest so far.
        PEAK,
        /// Bucket n counts values from n times the bucket size on; the last one all above.
        LINEAR_HISTOGRAM,
        /// Bucket 0 counts zeros, bucket n what is at least 2 to the power of n - 1 and below the next; the last one
        /// all above.
        LOG_HISTOGRAM;

        public boolean isHistogram() {
            return this == LINEAR_HISTOGRAM || this == LOG_HISTOGRAM;
        }
    }

    /// What it counts.
    public enum Unit { NONE, BYTES, SECONDS, CYCLES, BOOLEAN }

    /// Of [#exponent].
    public enum Base {
        POW10,
        POW2
    }

    public Statistic {
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(unit, "unit");
        Objects.requireNonNull(base, "base");
        if (!name.matches("[a-z0-9_]{1,63}")) {
            throw new IllegalArgumentException("a statistic is named in small letters, digits and underscores, not "
                    + name);
        }
        if (values < 1 || !kind.isHistogram() && values != 1) {
            throw new IllegalArgumentException(name + ": " + values + " values of a statistic of kind " + kind);
        }
        if (kind == Kind.LINEAR_HISTOGRAM != bucketSize > 0) {
            throw new IllegalArgumentException(name + ": bucket size " + bucketSize + " of kind " + kind);
        }
    }

    /// A count of events.
    public static Statistic counter(String name) {
        return new Statistic(name, Kind.CUMULATIVE, Unit.NONE, Base.POW10, 0, 1, 0);
    }

    /// A sum of times.
    public static Statistic nanoseconds(String name) {
        return new Statistic(name, Kind.CUMULATIVE, Unit.SECONDS, Base.POW10, -9, 1, 0);
    }

    /// A histogram of times, by powers of two of a nanosecond.
    public static Statistic nanosecondsHistogram(String name, int buckets) {
        return new Statistic(name, Kind.LOG_HISTOGRAM, Unit.SECONDS, Base.POW10, -9, buckets, 0);
    }

    /// What is so now, in `unit`.
    public static Statistic instant(String name, Unit unit) {
        return new Statistic(name, Kind.INSTANT, unit, Base.POW10, 0, 1, 0);
    }
}
