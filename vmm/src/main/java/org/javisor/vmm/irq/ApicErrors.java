// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import java.util.concurrent.atomic.AtomicInteger;

/// The error status register of a local APIC: errors become readable when it is written.
///
/// @sdm vol. 3A §11.5.3 "Error Handling"
final class ApicErrors {
    private final Runnable interrupt;
    private int readable;
    /// Errors since the register was last written; any thread adds.
    private final AtomicInteger since = new AtomicInteger();

    /// @param interrupt raises the error interrupt
    ApicErrors(Runnable interrupt) {
        this.interrupt = interrupt;
    }

    /// Notes errors; the first since the register was written raises the interrupt. Any thread.
    void note(int bits) {
        int before = since.getAndAccumulate(bits, (a, b) -> a | b);
        if ((before & bits) != bits) {
            interrupt.run();
        }
    }

    int readable() {
        return readable;
    }

    /// Makes the errors since the last time readable.
    void latch() {
        readable = since.getAndSet(0);
    }

    int since() {
        return since.get();
    }

    void restore(int seen, int unseen) {
        readable = seen;
        since.set(unseen);
    }
}
