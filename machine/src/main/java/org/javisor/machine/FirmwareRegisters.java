// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import org.javisor.machine.layout.MemoryMap;
import org.javisor.vmm.Registers;

/// Puts into every processor what firmware would before it starts a system: which memory may be cached.
///
/// @sdm vol. 3A §12.11 "Memory Type Range Registers (MTRRs)"
final class FirmwareRegisters {
    private static final int PHYS_BASE0 = 0x200, DEF_TYPE = 0x2ff;
    private static final int FIX64K_00000 = 0x250, FIX16K_80000 = 0x258, FIX16K_A0000 = 0x259, FIX4K_C0000 = 0x268,
            FIX4K_REGISTERS = 8;
    private static final long UNCACHEABLE = 0, WRITE_BACK = 6, ALL_WRITE_BACK = 0x0606_0606_0606_0606L;
    private static final long VALID = 1 << 11, ENABLE = 1 << 11, ENABLE_FIXED = 1 << 10;

    private FirmwareRegisters() { }

    static void apply(Registers registers, int physicalAddressBits) {
        registers.msr(FIX64K_00000, ALL_WRITE_BACK);
        registers.msr(FIX16K_80000, ALL_WRITE_BACK);
        registers.msr(FIX16K_A0000, UNCACHEABLE);
        for (int n = 0; n < FIX4K_REGISTERS; n++) {
            registers.msr(FIX4K_C0000 + n, ALL_WRITE_BACK);
        }
        long addresses = (1L << physicalAddressBits) - 1;
        uncacheable(registers, 0, MemoryMap.ECAM, MemoryMap.ECAM_BYTES, addresses);
        uncacheable(registers, 1, MemoryMap.PCI32, MemoryMap.FOUR_GIB - MemoryMap.PCI32, addresses);
        registers.msr(DEF_TYPE, ENABLE | ENABLE_FIXED | WRITE_BACK);
    }

    /// @param bytes a power of two of which `gpa` is a multiple
    private static void uncacheable(Registers registers, int range, long gpa, long bytes, long addresses) {
        registers.msr(PHYS_BASE0 + 2 * range, gpa | UNCACHEABLE);
        registers.msr(PHYS_BASE0 + 2 * range + 1, addresses & -bytes | VALID);
    }
}
