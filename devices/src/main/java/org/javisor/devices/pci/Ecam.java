// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import org.javisor.memory.BusDevice;

/// The enhanced configuration access mechanism: 4 KiB of MMIO for each function of each bus.
///
/// @pci PCI Express 5.0 §7.2.2 "PCI Express Enhanced Configuration Access Mechanism (ECAM)"
final class Ecam implements BusDevice {
    private final PciBus bus;

    Ecam(PciBus bus) {
        this.bus = bus;
    }

    @Override
    public long read(long offset, int size) {
        if (size == 8 || (offset & 0xfff) + size > ConfigSpace.BYTES) {
            long low = read(offset, size / 2) & (1L << 4 * size) - 1;
            return low | read(offset + size / 2, size / 2) << 4 * size;
        }
        return bus.readConfig((int) (offset >>> 20), (int) (offset >>> 12) & 0xff, (int) offset & 0xfff,
                size);
    }

    @Override
    public void write(long offset, int size, long value) {
        if (size == 8 || (offset & 0xfff) + size > ConfigSpace.BYTES) {
            write(offset, size / 2, value);
            write(offset + size / 2, size / 2, value >>> 4 * size);
        } else {
            bus.writeConfig((int) (offset >>> 20), (int) (offset >>> 12) & 0xff, (int) offset & 0xfff, size,
                    (int) value);
        }
    }
}
