// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

/// A hardware error that a vCPU is told of, as processors report them (`struct kvm_x86_mce`).
///
/// An uncorrected one (bit 61 of the status) raises #MC; a vCPU that handles one already, or whose system has not set
/// CR4.MCE, shuts down; one whose system has switched reporting off hears nothing. A corrected one, and one that asks
/// for no action, is left in its bank for who looks there. A bank that holds an error notes in bit 62 that there was
/// another, and keeps the uncorrected one.
///
/// @param bank          where it is reported, from 0
/// @param status        for MCi_STATUS; bit 63 says that it is valid, and must be set
/// @param globalStatus  for IA32_MCG_STATUS, when there is an #MC
/// @param address       for MCi_ADDR
/// @param miscellaneous for MCi_MISC
public record MachineCheckError(int bank, long status, long globalStatus, long address, long miscellaneous) {
    public static final long VALID = 1L << 63, UNCORRECTED = 1L << 61, ENABLED = 1L << 60, MISC_VALID = 1L << 59,
            ADDRESS_VALID = 1L << 58, CORRUPT = 1L << 57, SIGNALLED = 1L << 56, ACTION_REQUIRED = 1L << 55;
    /// Of the global status: execution can be resumed; the instruction pointed to is that which met the error; a
    /// machine check is being handled.
    public static final long RESTARTABLE = 1, AT_INSTRUCTION = 2, IN_PROGRESS = 4;
    /// What the other processors of a machine are told of an uncorrected error: that there is one, somewhere.
    private static final int OTHERS_BANK = 1;

    public MachineCheckError {
        if (bank < 0 || bank > 31) {
            throw new IllegalArgumentException("no processor has a machine-check bank " + bank);
        }
        if ((status & VALID) == 0) {
            throw new IllegalArgumentException(String.format("machine-check status 0x%x is not valid: bit 63", status));
        }
    }

    /// What other processors are told when this one's error is broadcast, as Intel's processors do.
    public MachineCheckError elsewhere() {
        return new MachineCheckError(OTHERS_BANK, VALID | UNCORRECTED | SIGNALLED, IN_PROGRESS | RESTARTABLE, 0, 0);
    }
}
