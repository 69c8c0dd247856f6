// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import java.util.Arrays;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// The card's way to memory. Where there is none, reads give zeros and writes are lost, as when nobody answers on the
/// bus.
record Dma(DmaSpace memory) {
    long load(long gpa) {
        try {
            return memory.loadLong(gpa);
        } catch (OutOfRangeException _) {
            return 0;
        }
    }

    void load(long gpa, byte[] target, int from, int count) {
        try {
            memory.load(gpa, target, from, count);
        } catch (OutOfRangeException _) {
            Arrays.fill(target, from, from + count, (byte) 0);
        }
    }

    void store(long gpa, int size, long value) {
        try {
            memory.store(gpa, size, value);
        } catch (OutOfRangeException _) {
            // Lost.
        }
    }

    void store(long gpa, byte[] source, int from, int count) {
        try {
            memory.store(gpa, source, from, count);
        } catch (OutOfRangeException _) {
            // Lost.
        }
    }
}
