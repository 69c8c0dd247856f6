// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

/// Where a PCI function is: bus, device and function number.
public record Bdf(int bus, int device, int function) {
    public static final int DEVICES = 32, FUNCTIONS = 8;

    public Bdf {
        if ((bus & ~0xff) != 0 || (device & ~0x1f) != 0 || (function & ~7) != 0) {
            throw new IllegalArgumentException("no PCI function " + bus + ":" + device + "." + function);
        }
    }

    /// Device and function in eight bits.
    public int devfn() {
        return device << 3 | function;
    }

    @Override
    public String toString() {
        return String.format("%02x:%02x.%d", bus, device, function);
    }
}
