// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.javisor.memory.InterruptLine;

/// A device's end of an interrupt line: decided under the device's lock with [#set], driven after its release
/// with [#drive].
///
/// Threads that drive at once neither wait for each other nor leave the line at an outdated level: one drives
/// for all. A level that fell and rose again between two drives still gives the line an edge.
public final class Pin {
    private static final int HIGH = 1, FELL = 2;

    private final InterruptLine line;
    private final AtomicInteger wish = new AtomicInteger();
    private final AtomicBoolean driving = new AtomicBoolean();
    private volatile boolean driven;

    public Pin(InterruptLine line) {
        this.line = line;
    }

    /// Decides the level; the line learns of it with the next [#drive].
    public void set(boolean level) {
        if (level) {
            wish.getAndUpdate(w -> w | HIGH);
        } else if ((wish.get() & HIGH) != 0) {
            wish.set(FELL);
        }
    }

    /// The decided level.
    public boolean high() {
        return (wish.get() & HIGH) != 0;
    }

    /// Brings the line to the decided level. Call without a lock.
    public void drive() {
        while (stale() && driving.compareAndSet(false, true)) {
            int taken = wish.getAndUpdate(w -> w & ~FELL);
            boolean level = (taken & HIGH) != 0;
            if (driven && (taken & FELL) != 0) {
                line.set(false);
                driven = false;
            }
            if (level != driven) {
                line.set(level);
                driven = level;
            }
            driving.set(false);
        }
    }

    private boolean stale() {
        int now = wish.get();
        return (now & FELL) != 0 || (now & HIGH) != 0 != driven;
    }
}
