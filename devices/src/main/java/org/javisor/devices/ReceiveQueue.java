// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

/// Bytes on their way from the host to a device that takes them at its guest's pace: bounded, so that what
/// does not fit waits at its source instead of filling the heap. Guarded by the device's lock.
public final class ReceiveQueue {
    /// How many bytes may wait: a generous paste.
    public static final int CAPACITY = 64 << 10;

    private final byte[] ring = new byte[CAPACITY];
    private int first;
    private int count;

    public boolean isEmpty() {
        return count == 0;
    }

    public int room() {
        return CAPACITY - count;
    }

    public int count() {
        return count;
    }

    /// Adds as many of `bytes` as there is room for, and says how many.
    public int add(byte[] bytes, int from, int length) {
        int taken = Math.min(length, room());
        for (int i = 0; i < taken; i++) {
            ring[(first + count++) % CAPACITY] = bytes[from + i];
        }
        return taken;
    }

    /// Removes the oldest byte, 0 to 255; there must be one.
    public int take() {
        int b = ring[first] & 0xff;
        first = (first + 1) % CAPACITY;
        count--;
        return b;
    }

    public byte[] toArray() {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = ring[(first + i) % CAPACITY];
        }
        return bytes;
    }

    public void load(byte[] bytes) {
        first = 0;
        count = 0;
        add(bytes, 0, bytes.length);
    }
}
