// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import org.javisor.memory.BusDevice;

/// What firmware runs for a function; reads as all-ones behind its end.
record ExpansionRom(byte[] content) implements BusDevice {
    private static final int SMALLEST = 2048;

    /// The size of the BAR that it needs.
    long bytes() {
        return Math.max(SMALLEST, Long.highestOneBit(content.length * 2L - 1));
    }

    @Override
    public long read(long offset, int size) {
        long value = 0;
        for (int n = 0; n < size; n++) {
            int at = (int) offset + n;
            value |= (at < content.length ? content[at] & 0xffL : 0xff) << 8 * n;
        }
        return value;
    }

    @Override
    public void write(long offset, int size, long value) { }
}
