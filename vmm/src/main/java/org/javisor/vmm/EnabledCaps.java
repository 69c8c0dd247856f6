// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.Set;
import org.javisor.memory.DirtyRing;

/// What the owner of a machine switches on that is off otherwise, as `KVM_ENABLE_CAP` does. Immutable: each `with`
/// method gives another.
///
/// @param dirtyRing    entries of each vCPU's [DirtyRing], or 0 to have dirty logs in bitmaps
/// @param msrExits     the accesses to model-specific registers that leave [Vcpu#run] instead of raising #GP
/// @param busLockExits whether LOCKed accesses that cross a cache line leave it
/// @param forcedEmulation whether UD2 followed by "kvm" is a prefix, as with KVM's parameter `force_emulation_prefix`
/// @param hypercallExits whether KVM's call for a range of pages leaves it, with [VmExit.MapGpaRange]
///     (`KVM_CAP_EXIT_HYPERCALL`)
/// @param haltPoll how many nanoseconds at most a halted vCPU's thread looks for work before it sleeps
///     (`KVM_CAP_HALT_POLL`); 0 leaves that to the engine, which with software does not
public record EnabledCaps(int dirtyRing, Set<MsrExitReason> msrExits, boolean busLockExits,
        boolean forcedEmulation, boolean hypercallExits, long haltPoll) {
    /// More than this is no wait for something that comes soon.
    public static final long LONGEST_POLL = 1_000_000;
    public static final EnabledCaps NONE = new EnabledCaps(0, Set.of(), false, false, false, 0);

    public EnabledCaps {
        if (dirtyRing != 0) {
            DirtyRing.checkEntries(dirtyRing);
        }
        if (haltPoll < 0 || haltPoll > LONGEST_POLL) {
            throw new IllegalArgumentException("haltPoll: " + haltPoll + " ns are not 0 to " + LONGEST_POLL);
        }
        msrExits = Set.copyOf(msrExits);
    }

    public EnabledCaps withDirtyRing(int entries) {
        return new EnabledCaps(entries, msrExits, busLockExits, forcedEmulation, hypercallExits, haltPoll);
    }

    public EnabledCaps withMsrExits(MsrExitReason... reasons) {
        return new EnabledCaps(dirtyRing, Set.of(reasons), busLockExits, forcedEmulation, hypercallExits, haltPoll);
    }

    public EnabledCaps withBusLockExits() {
        return new EnabledCaps(dirtyRing, msrExits, true, forcedEmulation, hypercallExits, haltPoll);
    }

    public EnabledCaps withForcedEmulation() {
        return new EnabledCaps(dirtyRing, msrExits, busLockExits, true, hypercallExits, haltPoll);
    }

    public EnabledCaps withHypercallExits() {
        return new EnabledCaps(dirtyRing, msrExits, busLockExits, forcedEmulation, true, haltPoll);
    }

    public EnabledCaps withHaltPoll(long nanos) {
        return new EnabledCaps(dirtyRing, msrExits, busLockExits, forcedEmulation, hypercallExits, nanos);
    }
}
