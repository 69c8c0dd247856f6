// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// An exception or interrupt that is being delivered. One per processor, filled in anew for each.
final class Event {
    int vector;
    /// INT n, INT3 or INTO: the gate's privilege level is checked.
    boolean software;
    /// Caused from outside the program that runs (interrupts, NMI), or by an exception: EXT in the error
    /// codes of what goes wrong on the way.
    boolean external;
    /// An exception of the processor's, as opposed to an interrupt or INT n: counts in the double-fault
    /// rules.
    boolean exception;
    boolean hasErrorCode;
    int errorCode;
    /// RFLAGS as the handler will find it saved.
    long flags;

    /// An exception found by the processor.
    Event exception(int vector, boolean hasErrorCode, int errorCode, long flags) {
        return set(vector, false, true, true, hasErrorCode, errorCode, flags);
    }

    /// An interrupt from outside, or INT1.
    Event interrupt(int vector, long flags) {
        return set(vector, false, true, false, false, 0, flags);
    }

    /// INT n, INT3 or INTO.
    Event software(int vector, long flags) {
        return set(vector, true, false, false, false, 0, flags);
    }

    private Event set(int vector, boolean software, boolean external, boolean exception, boolean hasErrorCode,
                      int errorCode, long flags) {
        this.vector = vector;
        this.software = software;
        this.external = external;
        this.exception = exception;
        this.hasErrorCode = hasErrorCode;
        this.errorCode = errorCode;
        this.flags = flags;
        return this;
    }
}
