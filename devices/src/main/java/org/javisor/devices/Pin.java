// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.util.concurrent.atomic.AtomicInteger;
import org.javisor.memory.InterruptLine;

/// A device's end of an interrupt line: decided under the device's lock with [#set], driven after its release
/// with [#drive].
///
/// When [#drive] returns, the line has had the level that was decided before: threads that drive at once wait for each
/// other. If one could leave it to another, which the host may not run for long, a guest that has silenced its device
/// would be interrupted again and again meanwhile. A level that fell and rose again between two drives still gives the
/// line an edge.
public final class Pin {
    private static final int HIGH = 1, FELL = 2;

    private final InterruptLine line;
    private final AtomicInteger wish = new AtomicInteger();
    private final Object driving = new Object();
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
        if (!stale()) {
            return;
        }
        synchronized (driving) {
            while (stale()) {
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
            }
        }
    }

    private boolean stale() {
        int now = wish.get();
        return (now & FELL) != 0 || (now & HIGH) != 0 != driven;
    }
}
