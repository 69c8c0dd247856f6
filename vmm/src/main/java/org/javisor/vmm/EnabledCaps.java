// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.Set;
import org.javisor.memory.DirtyRing;

/// What the owner of a machine switches on that is off otherwise, as `KVM_ENABLE_CAP` does.
///
/// @param dirtyRing    entries of each vCPU's [DirtyRing], or 0 to have dirty logs in bitmaps
/// @param msrExits     the accesses to model-specific registers that leave [Vcpu#run] instead of raising #GP
/// @param busLockExits whether LOCKed accesses that cross a cache line leave it
/// @param forcedEmulation whether UD2 followed by "kvm" is a prefix, as with KVM's parameter `force_emulation_prefix`
public record EnabledCaps(int dirtyRing, Set<MsrExitReason> msrExits, boolean busLockExits,
        boolean forcedEmulation) {
    public static final EnabledCaps NONE = new EnabledCaps(0, Set.of(), false, false);

    public EnabledCaps {
        if (dirtyRing != 0) {
            DirtyRing.checkEntries(dirtyRing);
        }
        msrExits = Set.copyOf(msrExits);
    }

    public EnabledCaps withDirtyRing(int entries) {
        return new EnabledCaps(entries, msrExits, busLockExits, forcedEmulation);
    }

    public EnabledCaps withMsrExits(MsrExitReason... reasons) {
        return new EnabledCaps(dirtyRing, Set.of(reasons), busLockExits, forcedEmulation);
    }

    public EnabledCaps withBusLockExits() {
        return new EnabledCaps(dirtyRing, msrExits, true, forcedEmulation);
    }

    public EnabledCaps withForcedEmulation() {
        return new EnabledCaps(dirtyRing, msrExits, busLockExits, true);
    }
}
