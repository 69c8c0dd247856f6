// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.acpi;

import static org.javisor.machine.acpi.Aml.bytes;
import static org.javisor.machine.acpi.Aml.concat;
import static org.javisor.machine.acpi.Aml.little;

import org.javisor.machine.layout.MemoryMap;

/// The table that says where the IOMMU is and what it is in front of: one unit, for all PCI functions, the I/O APIC and
/// the HPET, which send with source-ids of a bus that no function is on.
///
/// @datasheet Intel VT-d 4.1 §8.1 "DMA Remapping Reporting Structure"
final class DmarTable {
    private static final int INTERRUPT_REMAPPING = 1, X2APIC_OPT_OUT = 2;
    private static final int UNIT = 0, UNIT_HEADER_BYTES = 16, ALL_PCI = 1;
    private static final int IO_APIC = 3, HPET = 4, SCOPE_BYTES = 8;

    private DmarTable() { }

    /// What follows the table's header.
    static byte[] body(AcpiConfig.Iommu iommu, boolean hpet) {
        int flags = iommu.interruptRemapping() ? INTERRUPT_REMAPPING | (iommu.x2apic() ? 0 : X2APIC_OPT_OUT) : 0;
        byte[] scopes = scope(IO_APIC, iommu.ioApicSource());
        if (hpet) {
            scopes = concat(scopes, scope(HPET, iommu.hpetSource()));
        }
        byte[] unit = concat(little(UNIT, 2), little(UNIT_HEADER_BYTES + scopes.length, 2), bytes(ALL_PCI, 0),
                little(0, 2), little(MemoryMap.IOMMU, 8), scopes);
        return concat(bytes(iommu.hostAddressBits() - 1, flags), new byte[10], unit);
    }

    /// The I/O APIC's id and the HPET's number are 0.
    private static byte[] scope(int type, int source) {
        return concat(bytes(type, SCOPE_BYTES), little(0, 2), bytes(0, source >>> 8, source >>> 3 & 0x1f, source & 7));
    }
}
