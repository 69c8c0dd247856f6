// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.engine;

import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.spi.AbstractInterruptibleChannel;

/// Tells of an interrupt of a thread that executes guest code, where nobody looks for one: on the thread that
/// interrupts. Java offers that to who implements channels, which an interrupt closes; here, each is good for one.
final class InterruptWatch {
    private final class Wait extends AbstractInterruptibleChannel {
        void arm() {
            begin();
        }

        void disarm() {
            try {
                end(true);
            } catch (AsynchronousCloseException e) {
                // It has been told already, and the thread's status says so too.
                return;
            }
        }

        @Override
        protected void implCloseChannel() {
            interrupted.run();
        }
    }

    private final Runnable interrupted;
    private Wait wait = new Wait();

    InterruptWatch(Runnable interrupted) {
        this.interrupted = interrupted;
    }

    /// The calling thread goes to where it cannot see an interrupt. One that has come before is told at once.
    void begin() {
        if (!wait.isOpen()) {
            wait = new Wait();
        }
        wait.arm();
    }

    /// It is back.
    void end() {
        wait.disarm();
    }
}
