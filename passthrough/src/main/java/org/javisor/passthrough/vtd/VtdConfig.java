// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

/// What a [VtdUnit] can do.
///
/// @param interruptRemapping whether it remaps interrupts
/// @param extendedInterrupts whether interrupts may be remapped to APIC ids of 32 bits
/// @param cachingMode        whether the guest must tell of mappings that are new, as if what is not mapped was kept
/// @param addressWidth       bits of the addresses that devices use: 39 or 48
/// @param hostAddressBits    bits of guest-physical addresses
public record VtdConfig(boolean interruptRemapping, boolean extendedInterrupts, boolean cachingMode, int addressWidth,
        int hostAddressBits) {
    static final int NARROW = 39, WIDE = 48;

    public VtdConfig {
        if (addressWidth != NARROW && addressWidth != WIDE) {
            throw new IllegalArgumentException("addresses of " + addressWidth + " bits");
        }
        if (hostAddressBits < 32 || hostAddressBits > 52) {
            throw new IllegalArgumentException("guest-physical addresses of " + hostAddressBits + " bits");
        }
    }

    /// Whether tables may have that many levels.
    boolean translates(int levels) {
        return levels == 3 || levels == 4 && addressWidth == WIDE;
    }
}
