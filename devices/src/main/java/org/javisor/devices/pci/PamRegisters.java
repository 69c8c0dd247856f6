// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

/// The programmable attribute map of Intel's host bridges: seven registers that steer the [LegacyArea]. The first has
/// the BIOS segment in its upper half; each of the others has two segments.
///
/// @datasheet Intel 3 Series Express Chipset Family "PAM0—Programmable Attribute Map 0"
final class PamRegisters {
    static final int BYTES = 7;
    private static final int BITS = 0x33, READS = 1, WRITES = 2;

    private final PciFunction function;
    private final int offset;
    private final LegacyArea area;

    PamRegisters(PciFunction function, int offset, LegacyArea area) {
        this.function = function;
        this.offset = offset;
        this.area = area;
        for (int n = 0; n < BYTES; n++) {
            function.config().allow(offset + n, 1, BITS);
        }
        function.onWrite(offset, BYTES, this::steer);
    }

    /// Has everything go to RAM, as firmware leaves it.
    void allToRam() {
        for (int n = 0; n < BYTES; n++) {
            function.writeConfig(offset + n, 1, BITS);
        }
    }

    private void steer() {
        steer(LegacyArea.BIOS, function.readConfig(offset, 1) >>> 4);
        for (int n = 1; n < BYTES; n++) {
            int register = function.readConfig(offset + n, 1);
            steer(2 * (n - 1), register);
            steer(2 * (n - 1) + 1, register >>> 4);
        }
    }

    private void steer(int segment, int attributes) {
        area.steer(segment, (attributes & READS) != 0, (attributes & WRITES) != 0);
    }
}
