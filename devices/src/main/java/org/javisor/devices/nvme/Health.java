// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import java.util.concurrent.atomic.AtomicLongArray;

/// What the controller counts over its life, for the SMART log. No reset takes it back.
///
/// @nvme 1.4 §5.14.1.2 "SMART / Health Information (Log Identifier 02h)"
public final class Health {
    /// The temperature: always the same.
    static final int KELVIN = 308, WARNING_KELVIN = 343, CRITICAL_KELVIN = 373;

    /// What is counted, by its place in [State#counts].
    static final int BLOCKS_READ = 0, BLOCKS_WRITTEN = 1, READS = 2, WRITES = 3, MEDIA_ERRORS = 4, ERRORS = 5;
    private static final int COUNTS = 6;

    public record State(long[] counts) {
        public State {
            if (counts.length != COUNTS) {
                throw new IllegalArgumentException(counts.length + " NVMe counters");
            }
            counts = counts.clone();
        }
    }

    private final AtomicLongArray counts = new AtomicLongArray(COUNTS);

    long add(int count, long more) {
        return counts.addAndGet(count, more);
    }

    long get(int count) {
        return counts.get(count);
    }

    State save() {
        long[] copy = new long[COUNTS];
        for (int i = 0; i < COUNTS; i++) {
            copy[i] = counts.get(i);
        }
        return new State(copy);
    }

    void load(State state) {
        for (int i = 0; i < COUNTS; i++) {
            counts.set(i, state.counts[i]);
        }
    }
}
