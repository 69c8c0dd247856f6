// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import org.javisor.memory.BusDevice;

/// A device on eight data lines, as every chip of the first PC: the bus turns a wider access into byte
/// accesses at rising addresses.
public interface EightBitDevice extends BusDevice {
    /// Reads the register at `offset`: 0 to 255.
    int readByte(int offset);

    /// Writes `value`, 0 to 255, to the register at `offset`.
    void writeByte(int offset, int value);

    @Override
    default long read(long offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (long) readByte((int) offset + i) << 8 * i;
        }
        return value;
    }

    @Override
    default void write(long offset, int size, long value) {
        for (int i = 0; i < size; i++) {
            writeByte((int) offset + i, (int) (value >>> 8 * i) & 0xff);
        }
    }
}
