// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// How often translated code leaves to Java what it could do itself, only because somebody records that: a thousand
/// times a second, so that recording costs little where there are a million. What is recorded is a sample then.
///
/// Used by the processor's own thread.
final class SampleRate {
    private static final long NANOS_EACH = 1_000_000, AT_ONCE = 100;

    private long next = System.nanoTime() - AT_ONCE * NANOS_EACH;

    /// Whether the next one is to be recorded.
    boolean due() {
        return System.nanoTime() - next >= 0;
    }

    /// One has been recorded.
    void taken() {
        long earliest = System.nanoTime() - AT_ONCE * NANOS_EACH;
        next = (next - earliest < 0 ? earliest : next) + NANOS_EACH;
    }
}
