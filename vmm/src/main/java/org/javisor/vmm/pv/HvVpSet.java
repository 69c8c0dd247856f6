// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

/// A set of virtual processors: all of them, or banks of 64, of which a mask tells which are there.
///
/// @hyperv "Sparse Virtual Processor Set"
final class HvVpSet {
    static final int BANKS = 64, BANK_BITS = 64;
    /// Of the format field.
    static final long SPARSE = 0, EVERYBODY = 1;
    static final HvVpSet ALL = new HvVpSet(0, null);

    private final long validBanks;
    private final long[] banks;

    private HvVpSet(long validBanks, long[] banks) {
        this.validBanks = validBanks;
        this.banks = banks;
    }

    /// Processors 0 to 63.
    static HvVpSet of(long mask) {
        return new HvVpSet(1, new long[] {mask});
    }

    /// @param banks one for each bit of `validBanks`, the lowest first
    static HvVpSet sparse(long validBanks, long[] banks) {
        if (banks.length != Long.bitCount(validBanks)) {
            throw new IllegalArgumentException(banks.length + " banks where a mask tells of others");
        }
        return new HvVpSet(validBanks, banks);
    }

    boolean has(int vp) {
        if (banks == null) {
            return true;
        }
        int bank = vp / BANK_BITS;
        if (bank >= BANKS || (validBanks >>> bank & 1) == 0) {
            return false;
        }
        int place = Long.bitCount(validBanks & (1L << bank) - 1);
        return (banks[place] >>> vp % BANK_BITS & 1) != 0;
    }
}
