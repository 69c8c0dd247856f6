// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

/// Guest time and what is to happen at points of it.
///
/// All timers of one machine run on one clock, so that pausing, replaying or testing a machine means replacing this
/// object. Callbacks run on the clock's own thread (a manual clock's: on the thread that advances it), one after
/// another; they must not block.
public interface Clock {
    /// Nanoseconds since the machine was powered on; never goes backward.
    long nanos();

    /// Nanoseconds since 1970-01-01T00:00Z, as the guest's battery-backed clock was set at power-on plus [#nanos].
    long wallNanos();

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
