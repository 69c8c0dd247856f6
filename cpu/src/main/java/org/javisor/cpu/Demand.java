// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.concurrent.atomic.AtomicInteger;

/// Something that others ask a processor to do, and of which they learn when it has been done after they asked.
///
/// Who asks takes a ticket and then sets the bit in [Requests]. The processor clears the bit, looks which tickets there
/// are, and then does it. Two things that may be asked at once need two of these, or the one would pass for the other.
final class Demand {
    private final AtomicInteger asked = new AtomicInteger();
    private volatile int done;

    /// @return the ticket
    int ask() {
        return asked.incrementAndGet();
    }

    /// The last ticket; to be looked at before it is done.
    int asked() {
        return asked.get();
    }

    /// It has been done, for all tickets up to this.
    void done(int ticket) {
        done = ticket;
    }

    boolean isDone(int ticket) {
        return done - ticket >= 0;
    }
}
