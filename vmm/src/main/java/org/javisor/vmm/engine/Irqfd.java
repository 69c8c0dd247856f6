// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.engine;

import org.javisor.host.EventFd;
import org.javisor.memory.InterruptLine;

/// An eventfd that raises an interrupt of a machine whose chips are software.
///
/// It has descriptors of its own, so that whoever closes his does no harm here.
final class Irqfd {
    private final EventFd trigger;
    /// Null for an edge.
    private final EventFd resample;
    private final InterruptLine line;
    private Runnable stopListening = () -> { };
    private boolean asserted;

    /// @param trigger  owned from now on
    /// @param resample owned from now on, or null
    Irqfd(EventFd trigger, EventFd resample, InterruptLine line) {
        this.trigger = trigger;
        this.resample = resample;
        this.line = line;
    }

    /// Before it is first served.
    ///
    /// @param stop what ends calls of [#ended]
    void listening(Runnable stop) {
        stopListening = stop;
    }

    EventFd trigger() {
        return trigger;
    }

    /// Takes what has been signalled; on the one thread that serves irqfds.
    void serve() {
        if (trigger.await(0) == 0) {
            return;
        }
        if (resample == null) {
            line.pulse();
        } else {
            assertLine();
        }
    }

    // The line is driven under the lock: it would stay asserted if an end that was another source's came between what
    // is noted here and the line. Nothing that it leads to calls back.

    private synchronized void assertLine() {
        asserted = true;
        line.set(true);
    }

    /// The guest has ended the interrupt. A trigger that comes at the same time asserts the line again, or finds it
    /// asserted and is served by the same handler.
    synchronized void ended() {
        if (asserted) {
            asserted = false;
            line.set(false);
            resample.signal();
        }
    }

    /// Nobody serves it any more.
    void release() {
        stopListening.run();
        line.set(false);
        trigger.close();
        if (resample != null) {
            resample.close();
        }
    }
}
