// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.util.Arrays;

/// What keyboard and mouse have in common: bytes on their way to the controller, oldest first, in a buffer of
/// fixed size.
///
/// Guarded by the lock of the [I8042] that the device is plugged into, which is told of new bytes.
final class Ps2Device {
    static final int ACK = 0xfa, RESEND = 0xfe, SELF_TEST_PASSED = 0xaa;

    private final int[] bytes;
    private int count;
    private int last;

    Ps2Device(int capacity) {
        bytes = new int[capacity];
    }

    boolean isEmpty() {
        return count == 0;
    }

    /// Whether so many bytes fit. Key presses that do not are lost, all of their bytes together.
    boolean hasRoom(int wanted) {
        return count + wanted <= bytes.length;
    }

    /// Appends bytes; those that do not fit are lost.
    void send(int... sent) {
        for (int b : sent) {
            if (count < bytes.length) {
                bytes[count++] = b;
            }
        }
    }

    int take() {
        int b = bytes[0];
        count--;
        System.arraycopy(bytes, 1, bytes, 0, count);
        last = b;
        return b;
    }

    /// The byte that a host asks for again.
    int last() {
        return last;
    }

    void clear() {
        count = 0;
    }

    void powerOn() {
        count = 0;
        last = 0;
    }

    int[] toArray() {
        return Arrays.copyOf(bytes, count);
    }

    void load(int[] saved, int lastTaken) {
        count = Math.min(saved.length, bytes.length);
        System.arraycopy(saved, 0, bytes, 0, count);
        last = lastTaken;
    }
}
