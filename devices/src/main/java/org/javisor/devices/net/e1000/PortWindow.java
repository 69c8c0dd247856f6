// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import org.javisor.memory.BusDevice;

/// The I/O BAR: a port that says which register, and one that is that register.
///
/// @datasheet Intel 317453 §13.2.2 "I/O-Mapped Internal Register, Internal Memory, and Flash Access"
final class PortWindow implements BusDevice {
    static final int PORTS = 32;
    private static final int ADDRESS = 0, DATA = 4;
    private static final int ADDRESS_BITS = 0x1_ffff;

    private final BusDevice registers;
    private volatile int address;

    PortWindow(BusDevice registers) {
        this.registers = registers;
    }

    int address() {
        return address;
    }

    void address(int value) {
        address = value & ADDRESS_BITS;
    }

    @Override
    public long read(long offset, int size) {
        if (size != 4) {
            return -1;
        }
        return offset == ADDRESS ? address : offset == DATA ? registers.read(address & ~3, 4) : 0;
    }

    @Override
    public void write(long offset, int size, long value) {
        if (size != 4) {
            return;
        }
        if (offset == ADDRESS) {
            address((int) value);
        } else if (offset == DATA) {
            registers.write(address & ~3, 4, value);
        }
    }
}
