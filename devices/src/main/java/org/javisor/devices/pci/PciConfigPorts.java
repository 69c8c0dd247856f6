// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;

/// Configuration mechanism 1: the address at ports 0xcf8 to 0xcfb, data at 0xcfc to 0xcff.
///
/// The address register takes 32-bit accesses only; a byte access to 0xcf9 belongs to the reset control
/// register. Its lowest two bits read as zeros, but a byte or word that they select in place of the data port's lower
/// bits is found, as with QEMU: test programs that grew up there rely on it.
///
/// @pci PCI Local Bus 3.0 §3.2.2.3.2 "Software Generation of Configuration Transactions"
public final class PciConfigPorts implements BusDevice, Chip<PciConfigPorts.State> {
    public static final int PORT = 0xcf8, PORTS = 8;

    private static final int ENABLE = 0x8000_0000, ADDRESS_BITS = 0x80ff_ffff, READABLE = 0xffff_fffc;
    private static final int DATA = 4, RESET_CONTROL = 1;

    /// The address register.
    public record State(int address) {
        public State {
            if ((address & ~ADDRESS_BITS) != 0) {
                throw new IllegalArgumentException("PCI configuration address "
                        + Integer.toHexString(address));
            }
        }
    }

    private final PciBus bus;
    private final BusDevice resetControl;
    private volatile int address;

    public PciConfigPorts(PciBus bus, BusDevice resetControl) {
        this.bus = bus;
        this.resetControl = resetControl;
    }

    @Override
    public long read(long offset, int size) {
        if (offset == 0 && size == 4) {
            return address & READABLE & 0xffff_ffffL;
        }
        if (offset == RESET_CONTROL && size == 1) {
            return resetControl.read(0, 1);
        }
        int selected = address;
        if (!isData(offset, size) || (selected & ENABLE) == 0) {
            return -1;
        }
        return bus.readConfig(selected >>> 16 & 0xff, selected >>> 8 & 0xff, register(selected, offset, size),
                size);
    }

    @Override
    public void write(long offset, int size, long value) {
        int selected = address;
        if (offset == 0 && size == 4) {
            address = (int) value & ADDRESS_BITS;
        } else if (offset == RESET_CONTROL && size == 1) {
            resetControl.write(0, 1, value);
        } else if (isData(offset, size) && (selected & ENABLE) != 0) {
            bus.writeConfig(selected >>> 16 & 0xff, selected >>> 8 & 0xff, register(selected, offset, size), size,
                    (int) value);
        }
    }

    private static boolean isData(long offset, int size) {
        return offset >= DATA && offset + size <= PORTS;
    }

    private static int register(int selected, long offset, int size) {
        int low = ((int) offset | selected) & 3;
        return selected & 0xfc | (low + size <= 4 ? low : (int) offset & 3);
    }

    @Override
    public void reset() {
        address = 0;
    }

    @Override
    public State save() {
        return new State(address);
    }

    @Override
    public void load(State state) {
        address = state.address;
    }
}
