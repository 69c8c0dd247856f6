// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.stats;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/// The statistics of a virtual machine, or of one of its processors, at one moment.
public final class Statistics {
    private final Map<String, Statistic> descriptors = new LinkedHashMap<>();
    private final Map<String, long[]> values = new LinkedHashMap<>();

    private Statistics() { }

    /// What there is, in the order in which it is to be shown.
    public List<Statistic> descriptors() {
        return List.copyOf(descriptors.values());
    }

    /// Whether there is a statistic of this name.
    public boolean has(String name) {
        return descriptors.containsKey(name);
    }

    /// @throws NoSuchElementException if there is none of the name
    public Statistic descriptor(String name) {
        return present(name, descriptors.get(name));
    }

    /// The number of a statistic that has one.
    ///
    /// @throws NoSuchElementException if there is none of the name
    public long value(String name) {
        long[] all = present(name, values.get(name));
        if (all.length != 1) {
            throw new IllegalArgumentException(name + " is a histogram of " + all.length + " buckets");
        }
        return all[0];
    }

    /// All numbers of a statistic.
    ///
    /// @throws NoSuchElementException if there is none of the name
    public long[] values(String name) {
        return present(name, values.get(name)).clone();
    }

    private static <T> T present(String name, T found) {
        if (found == null) {
            throw new NoSuchElementException("there is no statistic " + name);
        }
        return found;
    }

    /// For who has statistics to tell.
    public static Builder builder() {
        return new Builder();
    }

    /// Puts [Statistics] together; to be used once.
    public static final class Builder {
        private final Statistics made = new Statistics();

        private Builder() { }

        public Builder add(Statistic statistic, long... numbers) {
            if (numbers.length != statistic.values()) {
                throw new IllegalArgumentException(
                        statistic.name() + " has " + statistic.values() + " values, not " + numbers.length);
            }
            if (made.descriptors.putIfAbsent(statistic.name(), statistic) != null) {
                throw new IllegalArgumentException("there are two statistics " + statistic.name());
            }
            made.values.put(statistic.name(), numbers.clone());
            return this;
        }

        public Builder counter(String name, long count) {
            return add(Statistic.counter(name), count);
        }

        public Builder nanoseconds(String name, long nanos) {
            return add(Statistic.nanoseconds(name), nanos);
        }

        public Statistics build() {
            return made;
        }
    }
}
