// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

/// A wire from a device to an interrupt controller. Any thread may drive it; driving it to the level it already has
/// does nothing.
@FunctionalInterface
public interface InterruptLine {
    /// A wire that leads nowhere.
    InterruptLine UNCONNECTED = _ -> { };

    /// Drives the wire high (`true`, asserted) or low.
    void set(boolean level);

    /// An edge: high, then low.
    default void pulse() {
        set(true);
        set(false);
    }

    /// Whether an edge of this wire waits for a processor to take it, so that another one now would be lost.
    default boolean pending() {
        return false;
    }

    /// Has `then` run once when a processor has next taken an interrupt, this one or another: there may be room for an
    /// edge. It runs on that processor's thread, which holds no lock. Where nobody can tell it never runs.
    default void whenTaken(Runnable then) { }
}
