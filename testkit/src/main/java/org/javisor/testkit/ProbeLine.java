// SPDX-License-Identifier: Apache-2.0
package org.javisor.testkit;

import org.javisor.memory.InterruptLine;

/// A wire that remembers its level and counts its rising edges.
public final class ProbeLine implements InterruptLine {
    private boolean level;
    private int edges;

    @Override
    public synchronized void set(boolean level) {
        if (level && !this.level) {
            edges++;
        }
        this.level = level;
    }

    public synchronized boolean high() {
        return level;
    }

    /// Rising edges since the last call.
    public synchronized int takeEdges() {
        int taken = edges;
        edges = 0;
        return taken;
    }
}
