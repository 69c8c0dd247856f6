// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/// How many of a machine's threads keep the host's processors busy: a thread may look for work only if one is left for
/// whoever would bring it.
final class PollRoom {
    private final int processors;
    private final AtomicInteger polling = new AtomicInteger();
    private final List<BooleanSupplier> executing = new CopyOnWriteArrayList<>();

    /// @param processors that the host has for this process
    PollRoom(int processors) {
        this.processors = processors;
    }

    /// Names one more processor of the machine's.
    ///
    /// @param executes whether it is not halted
    void add(BooleanSupplier executes) {
        executing.add(executes);
    }

    /// @return whether the calling thread, whose processor is halted, may; then it has to [#leave]
    boolean enter() {
        int busy = polling.incrementAndGet();
        for (BooleanSupplier executes : executing) {
            busy += executes.getAsBoolean() ? 1 : 0;
        }
        if (busy < processors) {
            return true;
        }
        leave();
        return false;
    }

    void leave() {
        polling.getAndDecrement();
    }
}
