// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

/// A device reached through port I/O or MMIO. Offsets are relative to the range it claimed, so a device never knows
/// its own address.
///
/// The bus calls a device from whichever vCPU's thread touched it, several at once: a device guards its own state,
/// with a lock that it never holds while calling another device, raising a line or sending an MSI.
public interface BusDevice {
    /// Reads `size` bytes (1, 2, 4 or 8) at byte `offset`, zero-extended. An unimplemented register reads as
    /// all-ones, as on an undriven bus; bits above `size` are ignored by the bus.
    long read(long offset, int size);

    /// Writes the low `size` bytes (1, 2, 4 or 8) of `value` at byte `offset`. Unknown registers are ignored.
    void write(long offset, int size, long value);
}
