// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

/// Guest time and what is to happen at points of it.
///
/// All timers of one machine run on one clock, so that pausing, replaying or testing a machine means replacing this
/// object. Callbacks run on the clock's own thread, or one that [#catchUp] was called on (a manual clock's: on the
/// thread that advances it), one after another; they must not block.
public interface Clock {
    /// Nanoseconds since the machine was powered on; never goes backward.
    long nanos();

    /// Nanoseconds since 1970-01-01T00:00Z, as the guest's battery-backed clock was set at power-on plus [#nanos].
    long wallNanos();

    /// Runs what is due on the calling thread, should the clock's own be late: for who must not tell the guest a time
    /// before what was to happen then has happened. The caller holds no lock. Does nothing where nothing can be late.
    ///
    /// @return a time before which there is no need to call again, unless a timer is armed for an earlier one
    default long catchUp() {
        return Long.MAX_VALUE;
    }

    /// A timer, idle until armed, that calls `onExpiry` each time it expires.
    Timer timer(Runnable onExpiry);

    /// One deadline on a [Clock]. Any thread may arm or cancel it.
    interface Timer {
        /// Replaces the deadline; one in the past expires at once.
        ///
        /// @param atNanos in terms of [Clock#nanos]
        void arm(long atNanos);

        /// Forgets the deadline. A callback that has already begun may still be running when this returns.
        void cancel();
    }
}
