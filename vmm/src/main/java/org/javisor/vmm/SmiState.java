// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

/// What a vCPU has of system management mode (`smi` of `struct kvm_vcpu_events`, and SMBASE).
///
/// @param active     whether it is in the mode
/// @param pending    whether an SMI waits
/// @param nmiBlocked whether an NMI was being handled when the mode was entered, and is again after RSM
/// @param base       SMBASE, 32 bits
public record SmiState(boolean active, boolean pending, boolean nmiBlocked, long base) {
    /// After power-on.
    public static final SmiState NONE = new SmiState(false, false, false, 0x3_0000);

    public SmiState {
        if (base >>> 32 != 0) {
            throw new IllegalArgumentException(String.format("SMBASE 0x%x has more than 32 bits", base));
        }
        if (nmiBlocked && !active) {
            throw new IllegalArgumentException("NMIs stay blocked behind RSM, of which there is none outside the mode");
        }
    }
}
