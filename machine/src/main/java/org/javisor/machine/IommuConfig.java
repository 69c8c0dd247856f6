// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import org.javisor.machine.acpi.AcpiConfig;
import org.javisor.memory.ConfigurationException;
import org.javisor.passthrough.vtd.VtdUnit;

/// The IOMMU of a machine: Intel's VT-d, in front of all PCI functions. Immutable: each `with` method gives another.
///
/// @param interruptRemapping whether it remaps interrupts, too
/// @param extendedInterrupts whether it can remap them to APIC ids of 32 bits; without, the guest is told to leave its
///     local APICs in xAPIC mode
/// @param cachingMode        whether the guest must tell it of new mappings, too
/// @param addressWidth       bits of the addresses that devices use: 39 or 48
public record IommuConfig(boolean interruptRemapping, boolean extendedInterrupts, boolean cachingMode,
        int addressWidth) {
    public static final IommuConfig INTEL = new IommuConfig(true, true, false, 48);

    public IommuConfig {
        if (addressWidth != 39 && addressWidth != 48) {
            throw new ConfigurationException("an IOMMU for addresses of " + addressWidth + " bits: 39 or 48 are meant");
        }
    }

    /// What the ACPI tables are to say of it.
    AcpiConfig.Iommu acpi(int hostAddressBits) {
        return new AcpiConfig.Iommu(interruptRemapping, extendedInterrupts, hostAddressBits, VtdUnit.IO_APIC_SOURCE,
                VtdUnit.HPET_SOURCE);
    }

    public IommuConfig withInterruptRemapping(boolean whether) {
        return new IommuConfig(whether, extendedInterrupts, cachingMode, addressWidth);
    }

    public IommuConfig withExtendedInterrupts(boolean whether) {
        return new IommuConfig(interruptRemapping, whether, cachingMode, addressWidth);
    }

    public IommuConfig withCachingMode(boolean whether) {
        return new IommuConfig(interruptRemapping, extendedInterrupts, whether, addressWidth);
    }

    public IommuConfig withAddressWidth(int bits) {
        return new IommuConfig(interruptRemapping, extendedInterrupts, cachingMode, bits);
    }
}
