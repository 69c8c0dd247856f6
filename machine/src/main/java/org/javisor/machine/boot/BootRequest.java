// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.boot;

import java.util.List;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.memory.ConfigurationException;

/// What to boot, on what memory.
///
/// @param kernelName  the file's name, for messages
/// @param kernel      the file
/// @param initrdName  the initial RAM disk's name, for messages
/// @param initrd      its content; empty for none
/// @param commandLine for the kernel, ASCII
/// @param ramBytes    guest RAM
/// @param memoryMap   what to report to the kernel
/// @param rsdp        where the ACPI tables begin
public record BootRequest(String kernelName, byte[] kernel, String initrdName, byte[] initrd, String commandLine,
                          long ramBytes, List<E820.Entry> memoryMap, long rsdp) {

    /// Where the initial RAM disk goes: as high as `limit` and memory allow, in whole pages.
    ///
    /// @param kernelEnd the first address that the kernel leaves free
    /// @param limit     the last address that the kernel can reach
    /// @throws ConfigurationException if it does not fit behind the kernel
    long placeInitrd(long kernelEnd, long limit) {
        long end = Math.min(limit + 1, MemoryMap.lowRam(ramBytes));
        long gpa = end - initrd.length & -4096;
        if (gpa < kernelEnd) {
            throw tooLittleMemory(initrdName + " does not fit beside the kernel", kernelEnd + initrd.length);
        }
        return gpa;
    }

    ConfigurationException tooLittleMemory(String what, long needed) {
        return new ConfigurationException(String.format("%s in %d MiB of memory: give the guest at least %d MiB", what,
                ramBytes >>> 20, needed + (1 << 20) - 1 >>> 20));
    }

    ConfigurationException badKernel(String why) {
        return new ConfigurationException("kernel " + kernelName + ": " + why);
    }
}
