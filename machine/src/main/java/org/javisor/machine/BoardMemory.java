// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import org.javisor.host.HostException;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.memory.ConfigurationException;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;

/// The machine's RAM: one piece of host memory behind three slots, with a hole for the VGA window below 1 MiB and one
/// for devices below 4 GiB.
final class BoardMemory implements AutoCloseable {
    private static final int CONVENTIONAL = 0, LOW = 1, HIGH = 2;
    private static final long VGA_WINDOW = 0xa_0000, VGA_WINDOW_END = 0xc_0000;

    private final Ram ram;

    BoardMemory(long ramBytes, GuestMemory memory) {
        try {
            ram = Ram.allocate(ramBytes);
        } catch (HostException e) {
            throw new ConfigurationException("guest memory of " + (ramBytes >> 20) + " MiB: " + e.getMessage(), e);
        }
        long low = MemoryMap.lowRam(ramBytes);
        memory.addSlot(CONVENTIONAL, 0, ram, 0, VGA_WINDOW, false);
        memory.addSlot(LOW, VGA_WINDOW_END, ram, VGA_WINDOW_END, low - VGA_WINDOW_END, false);
        if (MemoryMap.highRam(ramBytes) > 0) {
            memory.addSlot(HIGH, MemoryMap.FOUR_GIB, ram, low, MemoryMap.highRam(ramBytes), false);
        }
    }

    /// Gives the memory back; nothing may run on it any more.
    @Override
    public void close() {
        ram.close();
    }
}
