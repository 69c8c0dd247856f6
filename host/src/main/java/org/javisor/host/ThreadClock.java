// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;

/// How long a thread, and those that did its work before, have executed: the time of a processor that they were given,
/// by `CLOCK_THREAD_CPUTIME_ID`. Where the host has no such clock it is the time that passes.
///
/// For one thread at a time.
public final class ThreadClock implements AutoCloseable {
    // linux/time.h, and its struct timespec
    private static final int ID = 3;
    private static final int SECONDS = 0, NANOS = 8, BYTES = 16;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment time = arena.allocate(BYTES, Long.BYTES);
    private final HostCode function;
    private Thread owner;
    /// What earlier threads had, and the present one as it was last asked for.
    private long before, last;

    public ThreadClock() {
        long address = MonotonicClock.function();
        function = address == 0 ? null : HostCode.function(address);
    }

    /// In nanoseconds; on the thread that it is about.
    public long nanos() {
        if (function == null) {
            return System.nanoTime();
        }
        if (owner != Thread.currentThread()) {
            owner = Thread.currentThread();
            before += last;
        }
        // SAFETY: the C library's own function; what it writes to is as large as it says, and lives as long as this.
        function.call(ID, time.address());
        last = TimeUnit.SECONDS.toNanos(time.get(ValueLayout.JAVA_LONG, SECONDS))
                + time.get(ValueLayout.JAVA_LONG, NANOS);
        return before + last;
    }

    @Override
    public void close() {
        arena.close();
    }
}
