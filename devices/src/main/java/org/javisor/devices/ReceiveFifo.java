// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.util.Arrays;

/// The receiver FIFO of a 16550A: up to sixteen bytes, each with its error bits above it. Without FIFO mode
/// its first place serves as the receiver buffer register.
final class ReceiveFifo {
    static final int DEPTH = 16;

    private final int[] entries = new int[DEPTH];
    private int count;

    int count() {
        return count;
    }

    boolean isEmpty() {
        return count == 0;
    }

    void add(int entry) {
        entries[count++] = entry;
    }

    void replaceNewest(int entry) {
        entries[count - 1] = entry;
    }

    /// The oldest entry, 0 when there is none.
    int peek() {
        return count == 0 ? 0 : entries[0];
    }

    /// Removes and returns the oldest entry; an empty FIFO gives 0.
    int take() {
        if (count == 0) {
            return 0;
        }
        int entry = entries[0];
        count--;
        System.arraycopy(entries, 1, entries, 0, count);
        return entry;
    }

    boolean holdsError() {
        for (int i = 0; i < count; i++) {
            if (entries[i] >>> 8 != 0) {
                return true;
            }
        }
        return false;
    }

    void clear() {
        count = 0;
    }

    int[] toArray() {
        return Arrays.copyOf(entries, count);
    }

    void load(int[] saved) {
        System.arraycopy(saved, 0, entries, 0, saved.length);
        count = saved.length;
    }
}
