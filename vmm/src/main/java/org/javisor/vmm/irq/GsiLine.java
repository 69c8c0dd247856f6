// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import java.util.List;
import org.javisor.memory.InterruptLine;

/// One global system interrupt: wires from sources on one side, routes to chips on the other. It is asserted while any
/// source asserts it.
///
/// The lock is held while chips are driven, so that they see levels in the order in which they changed; it is the first
/// in the order of locks (the package's page), and no chip calls back.
final class GsiLine {
    /// What drives a route's target.
    interface Targets {
        void drive(GsiRoute route, boolean level);

        /// What would happen to an edge now.
        Reception reception(GsiRoute route);

        /// As of [InterruptLine#whenTaken].
        void whenTaken(Runnable then);
    }

    /// What an edge meets at the end of a route.
    enum Reception {
        /// Nobody listens: it is masked, or not told as an edge.
        DEAF,
        /// It would interrupt.
        READY,
        /// One before it still waits for a processor: it would be lost.
        WAITING
    }

    private final Object lock = new Object();
    private final Targets targets;
    private List<GsiRoute> routes;
    private int asserted;

    GsiLine(Targets targets, List<GsiRoute> routes) {
        this.targets = targets;
        this.routes = routes;
    }

    /// A new wire.
    InterruptLine source() {
        return new InterruptLine() {
            private boolean level;

            @Override
            public void set(boolean to) {
                synchronized (lock) {
                    if (to == level) {
                        return;
                    }
                    level = to;
                    change(to ? 1 : -1);
                }
            }

            @Override
            public boolean pending() {
                synchronized (lock) {
                    return edgeWaits();
                }
            }

            @Override
            public void whenTaken(Runnable then) {
                targets.whenTaken(then);
            }
        };
    }

    private boolean edgeWaits() {
        boolean waits = false;
        for (GsiRoute route : routes) {
            switch (targets.reception(route)) {
                case READY -> {
                    return false;
                }
                case WAITING -> waits = true;
                case DEAF -> { }
            }
        }
        return waits;
    }

    private void change(int by) {
        boolean before = asserted > 0;
        asserted += by;
        boolean now = asserted > 0;
        if (now != before) {
            drive(now);
        }
    }

    private void drive(boolean level) {
        for (GsiRoute route : routes) {
            targets.drive(route, level);
        }
    }

    /// Leads it elsewhere. An asserted one leaves its old targets and reaches its new ones.
    void route(List<GsiRoute> to) {
        synchronized (lock) {
            if (asserted > 0) {
                drive(false);
            }
            routes = to;
            if (asserted > 0) {
                drive(true);
            }
        }
    }
}
