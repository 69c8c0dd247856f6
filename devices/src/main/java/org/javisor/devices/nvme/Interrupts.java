// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import org.javisor.devices.pci.FunctionWires;

/// How the driver is told of completions: by messages, or by a pin that is high while there are any.
///
/// @nvme 1.4 §7.5 "Interrupts"
final class Interrupts {
    private final QueueTable queues;
    private final FunctionWires wires;
    private final Runnable invalidDoorbell;
    private int mask;

    /// @param invalidDoorbell told when the driver has left a value that cannot be
    Interrupts(QueueTable queues, FunctionWires wires, Runnable invalidDoorbell) {
        this.queues = queues;
        this.wires = wires;
        this.invalidDoorbell = invalidDoorbell;
    }

    /// The vectors that are masked, as far as the pin goes.
    synchronized long masked() {
        return mask & 0xffff_ffffL;
    }

    void mask(int set, int cleared) {
        synchronized (this) {
            mask = (mask | set) & ~cleared;
        }
        drivePin();
    }

    /// There are completions in a queue.
    void interrupt(CompletionQueue queue) {
        if (!queue.interrupts()) {
            return;
        }
        if (!queue.look()) {
            invalidDoorbell.run();
        }
        if (!wires.messages()) {
            queue.await();
            drivePin();
        } else if (queue.occupied()) {
            // Otherwise the driver has taken the entries without being told.
            wires.message(queue.vector());
        }
    }

    /// The driver has taken completions from a queue.
    void taken(CompletionQueue queue) {
        if (queue.interrupts() && !wires.messages()) {
            queue.await();
            drivePin();
        }
    }

    /// Messages have taken the place of the pin, or given it back: then the driver has to tell what it takes.
    void switched() {
        if (!wires.messages()) {
            queues.awaitHeads();
        }
        drivePin();
    }

    /// Looks again after driving: of two threads that changed something, the last to drive leaves the right level.
    void drivePin() {
        boolean level;
        do {
            level = wantsPin();
            wires.pin(level);
        } while (level != wantsPin());
    }

    private boolean wantsPin() {
        return !wires.messages() && queues.wantsPin((int) masked());
    }

    synchronized int save() {
        return mask;
    }

    void load(int saved) {
        synchronized (this) {
            mask = saved;
        }
        drivePin();
    }
}
