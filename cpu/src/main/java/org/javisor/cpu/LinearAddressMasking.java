// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Linear-address masking: upper bits of a data address in 64-bit mode that programs may use for something else. Which
/// bits are ignored depends on bit 63 alone, whoever makes the access.
///
/// The TLB knows addresses without such bits, so that an access with some is a slow one.
///
/// @sdm vol. 1 §3.3.7.2 "Linear-Address Masking"
final class LinearAddressMasking {
    private static final int BIT_47 = 47, BIT_56 = 56;

    /// The highest bit that counts in addresses whose bit 63 is clear, and set; 63 when all do.
    private int user = 63, supervisor = 63;

    /// To be called after a change of CR3, CR4 or the mode.
    void derive(Cpu cpu) {
        boolean wide = (cpu.cr4 & ControlBits.CR4_LA57) != 0;
        boolean applies = cpu.mode == ExecutionMode.LONG;
        user = !applies || (cpu.cr3 & (ControlBits.CR3_LAM_U57 | ControlBits.CR3_LAM_U48)) == 0 ? 63
                : (cpu.cr3 & ControlBits.CR3_LAM_U57) != 0 ? BIT_56 : BIT_47;
        supervisor = !applies || (cpu.cr4 & ControlBits.CR4_LAM_SUP) == 0 ? 63 : wide ? BIT_56 : BIT_47;
    }

    /// The address that is meant.
    long masked(long gva) {
        int unused = 63 - (gva < 0 ? supervisor : user);
        return unused == 0 ? gva : gva << unused >> unused & Long.MAX_VALUE | gva & Long.MIN_VALUE;
    }
}
