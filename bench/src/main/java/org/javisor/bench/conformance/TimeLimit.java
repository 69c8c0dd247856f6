// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import java.time.Duration;
import java.util.function.Supplier;

/// How long a program may run, on a host that may have other work: so many seconds of a clock, of which the host has
/// given as many seconds of processor time. What waits for nothing to happen ends after [#PATIENCE] times as many.
final class TimeLimit {
    private static final int PATIENCE = 5;

    private final Duration limit;
    private final Supplier<Duration> processorTime;
    private final long start = System.nanoTime();
    private final Duration used;

    /// @param processorTime what was used so far by who runs the program, ever growing
    TimeLimit(Duration limit, Supplier<Duration> processorTime) {
        this.limit = limit;
        this.processorTime = processorTime;
        this.used = processorTime.get();
    }

    /// That of this process.
    static TimeLimit ofOurs(Duration limit) {
        return new TimeLimit(limit, () -> ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO));
    }

    /// Processor time since the beginning.
    double seconds() {
        return processorTime.get().minus(used).toMillis() / 1e3;
    }

    boolean exceeded() {
        Duration elapsed = Duration.ofNanos(System.nanoTime() - start);
        boolean busy = seconds() >= limit.toSeconds();
        return elapsed.compareTo(limit) >= 0 && busy || elapsed.compareTo(limit.multipliedBy(PATIENCE)) >= 0;
    }
}
