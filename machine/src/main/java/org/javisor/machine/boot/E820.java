// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.boot;

import java.util.ArrayList;
import java.util.List;
import org.javisor.machine.layout.MemoryMap;

/// The memory map that firmware reports to an operating system.
///
/// @acpi 6.5 §15.1 "INT 15H, E820H - Query System Address Map"
public final class E820 {
    public static final int RAM = 1, RESERVED = 2;

    /// @param type [#RAM] or [#RESERVED]
    public record Entry(long gpa, long bytes, int type) { }

    private E820() { }

    /// The map of a machine with `ramBytes` of RAM.
    ///
    /// @param ecam where the ECAM window is; 0 for none
    public static List<Entry> of(long ramBytes, long ecam) {
        List<Entry> map = new ArrayList<>();
        map.add(new Entry(0, MemoryMap.EBDA, RAM));
        map.add(new Entry(MemoryMap.EBDA, 0xa_0000 - MemoryMap.EBDA, RESERVED));
        map.add(new Entry(MemoryMap.FIRMWARE_TABLES, MemoryMap.FIRMWARE_TABLES_END - MemoryMap.FIRMWARE_TABLES,
                RESERVED));
        map.add(new Entry(MemoryMap.HIGH_MEMORY, MemoryMap.lowRam(ramBytes) - MemoryMap.HIGH_MEMORY, RAM));
        if (ecam != 0) {
            map.add(new Entry(ecam, MemoryMap.ECAM_BYTES, RESERVED));
        }
        if (MemoryMap.highRam(ramBytes) > 0) {
            map.add(new Entry(MemoryMap.FOUR_GIB, MemoryMap.highRam(ramBytes), RAM));
        }
        return map;
    }
}
