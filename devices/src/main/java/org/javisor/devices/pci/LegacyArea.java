// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

/// The memory between 768 KiB and 1 MiB, where firmware and option ROMs are copied: a host bridge decides, segment by
/// segment, whether accesses go to RAM there or to what lies on the bus.
public interface LegacyArea {
    /// The first address, and the size of a segment but for the last, [#BIOS], which has 64 KiB.
    long START = 0xc_0000, SEGMENT_BYTES = 0x4000;
    int SEGMENTS = 13, BIOS = 12;

    /// @param segment 0 to 12
    /// @param reads   whether reads go to RAM
    /// @param writes  whether writes do
    void steer(int segment, boolean reads, boolean writes);
}
