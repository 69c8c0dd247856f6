// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// How often something happened, and how long it took. Written by one thread alone, plainly; who reads from another may
/// see numbers that are a little old and do not quite fit together.
public final class Durations {
    /// Of the histogram: the last one holds all that took longer.
    public static final int BUCKETS = 40;

    private long count;
    private long nanos;
    private long shortest = Long.MAX_VALUE;
    private long longest;
    private final long[] buckets = new long[BUCKETS];

    /// It happened; how long it takes is not known yet.
    public void began() {
        count++;
    }

    /// What [#began] was told of has taken so long.
    public void took(long duration) {
        nanos += duration;
        if (duration < shortest) {
            shortest = duration;
        }
        if (duration > longest) {
            longest = duration;
        }
        buckets[bucket(duration)]++;
    }

    public void add(long duration) {
        began();
        took(duration);
    }

    /// Bucket 0 holds 0, bucket n what is at least 2 to the power of n - 1 and below the next one.
    private static int bucket(long duration) {
        return Math.min(Long.SIZE - Long.numberOfLeadingZeros(duration), BUCKETS - 1);
    }

    /// How often.
    public long count() {
        return count;
    }

    /// All together.
    public long nanos() {
        return nanos;
    }

    public Reading read() {
        return new Reading(count, nanos, count == 0 ? Long.MAX_VALUE : shortest, longest, buckets.clone());
    }

    /// The numbers at one moment.
    ///
    /// @param count    how often it happened; the last time may not be over, and in none of the other numbers
    /// @param nanos    all of them together
    /// @param shortest in nanoseconds; [Long#MAX_VALUE] if there is none
    /// @param longest  in nanoseconds
    /// @param buckets  how many took no nanosecond, one, up to 3, up to 7, and so on
    public record Reading(long count, long nanos, long shortest, long longest, long[] buckets) {
        public static final Reading NONE = new Reading(0, 0, Long.MAX_VALUE, 0, new long[BUCKETS]);

        public Reading plus(Reading other) {
            long[] sum = buckets.clone();
            for (int i = 0; i < BUCKETS; i++) {
                sum[i] += other.buckets[i];
            }
            return new Reading(count + other.count, nanos + other.nanos, Math.min(shortest, other.shortest),
                    Math.max(longest, other.longest), sum);
        }
    }
}
