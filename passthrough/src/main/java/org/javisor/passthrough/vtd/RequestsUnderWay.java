// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

import java.util.concurrent.atomic.AtomicInteger;

/// The requests of devices that use what was translated for them, so that an invalidation is complete only when none
/// does that used what it has made void.
///
/// Requests are counted in one of two phases. A drain begins the other phase, and is over when the count of the one
/// before is zero. Who begins or ends a request takes no lock, and never waits; who drains does not wait either, but is
/// called back.
final class RequestsUnderWay {
    private final AtomicInteger[] counts = {new AtomicInteger(), new AtomicInteger()};
    private final Runnable drained;
    private volatile int phase;
    private volatile boolean draining;

    /// @param drained run when a drain may be over, on the thread of the last request to end, which may hold locks of
    ///     its device's: it calls [#over] under the unit's lock
    RequestsUnderWay(Runnable drained) {
        this.drained = drained;
    }

    int begin() {
        while (true) {
            int now = phase;
            counts[now].incrementAndGet();
            if (phase == now) {
                return now;
            }
            // A drain began meanwhile: it need not wait for this one.
            end(now);
        }
    }

    void end(int request) {
        if (counts[request].decrementAndGet() == 0 && draining && request != phase) {
            drained.run();
        }
    }

    // ---- under the unit's lock ----

    /// Begins a drain; none is under way.
    ///
    /// @return whether it is over
    boolean drain() {
        draining = true;
        phase ^= 1;
        return over();
    }

    boolean draining() {
        return draining;
    }

    /// Whether the last drain is over.
    boolean over() {
        if (draining && counts[phase ^ 1].get() == 0) {
            draining = false;
        }
        return !draining;
    }
}
