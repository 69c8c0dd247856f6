// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

/// A machine's time at one moment (`KVM_GET_CLOCK`).
///
/// @param nanos     what KVM's clock tells guests, in nanoseconds
/// @param wallNanos the time of day of the guest's battery-backed clock, in nanoseconds since 1970-01-01T00:00Z
/// @param tsc       the time stamp counter that processors start from
/// @param hostNanos the host's time of day, in nanoseconds since 1970-01-01T00:00Z
public record ClockReading(long nanos, long wallNanos, long tsc, long hostNanos) { }
