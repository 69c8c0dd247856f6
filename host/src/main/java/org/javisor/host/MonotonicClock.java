// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;

/// The clock of [System#nanoTime], for machine code that has to agree with it: `clock_gettime(CLOCK_MONOTONIC, ...)` of
/// Linux's C library, as seconds and nanoseconds.
public final class MonotonicClock {
    /// The function's first argument.
    public static final int ID = 1;
    private static final int SECONDS = 0, NANOS = 8, BYTES = 16;

    private MonotonicClock() { }

    /// Address of the function; 0 if this host has none, or one that disagrees with Java.
    public static long function() {
        return Linker.nativeLinker().defaultLookup().find("clock_gettime").map(MemorySegment::address)
                .filter(MonotonicClock::agrees).orElse(0L);
    }

    private static boolean agrees(long function) {
        HostCode clock = HostCode.function(function);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment time = arena.allocate(BYTES, Long.BYTES);
            long before = System.nanoTime();
            // SAFETY: the C library's own function; what it writes to is as large as it says.
            clock.call(ID, time.address());
            long after = System.nanoTime();
            long now = TimeUnit.SECONDS.toNanos(time.get(ValueLayout.JAVA_LONG, SECONDS))
                    + time.get(ValueLayout.JAVA_LONG, NANOS);
            return before <= now && now <= after;
        }
    }
}
