// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import org.javisor.cpu.CpuidModel;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.EnabledCaps;

/// What of the processors can be chosen beside their features and their maker.
///
/// @param physicalAddressBits MAXPHYADDR
/// @param branchTracking      whether there is indirect branch tracking: systems that find it use it for their kernels,
///                            and then host code leaves every indirect branch to the interpreter
/// @param forcedEmulation     whether UD2 followed by "kvm" is a prefix, for programs that test emulators
/// @param haltPoll            how many nanoseconds at most a halted processor's thread looks for work before it sleeps
public record ProcessorOptions(int physicalAddressBits, boolean branchTracking, boolean forcedEmulation,
        long haltPoll) {
    /// What is not chosen.
    public static final ProcessorOptions DEFAULT =
            new ProcessorOptions(CpuidModel.PHYSICAL_ADDRESS_BITS, false, false, 0);

    public ProcessorOptions {
        if (physicalAddressBits < CpuidModel.MIN_PHYSICAL_ADDRESS_BITS
                || physicalAddressBits > CpuidModel.MAX_PHYSICAL_ADDRESS_BITS) {
            throw new ConfigurationException(physicalAddressBits + " bits of physical addresses: "
                    + CpuidModel.MIN_PHYSICAL_ADDRESS_BITS + " to " + CpuidModel.MAX_PHYSICAL_ADDRESS_BITS
                    + " are possible");
        }
        if (haltPoll < 0 || haltPoll > EnabledCaps.LONGEST_POLL) {
            throw new ConfigurationException("looking for work for " + haltPoll + " ns: 0 to "
                    + EnabledCaps.LONGEST_POLL + " are possible");
        }
    }

    public ProcessorOptions withHaltPoll(long nanos) {
        return new ProcessorOptions(physicalAddressBits, branchTracking, forcedEmulation, nanos);
    }
}
