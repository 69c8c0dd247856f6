// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

/// Where a device's bytes go: a terminal, a file, a test. It gets them in order, without a lock held, on the
/// thread that produced them.
@FunctionalInterface
public interface ByteSink {
    /// Drops everything.
    ByteSink NOWHERE = _ -> { };

    /// Takes one byte, 0 to 255.
    void accept(int value);

    /// Takes `count` bytes of `bytes`.
    default void accept(byte[] bytes, int from, int count) {
        for (int i = 0; i < count; i++) {
            accept(bytes[from + i] & 0xff);
        }
    }

    /// The bytes so far are all that come for now.
    default void flush() { }
}
