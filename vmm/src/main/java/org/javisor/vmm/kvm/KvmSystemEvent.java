// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.ArrayList;
import java.util.List;
import org.javisor.host.HostMemory;
import org.javisor.vmm.VmExit;

/// What a guest asks of its whole machine by an interface that KVM offers it: `KVM_EXIT_SYSTEM_EVENT`.
final class KvmSystemEvent {
    private static final int MOST_DATA = 16;

    private KvmSystemEvent() { }

    /// @param run the address of the page that tells
    static VmExit read(long run) {
        VmExit.SystemEvent.Kind kind = switch (HostMemory.loadInt(run + RunLayout.SYSTEM_EVENT_TYPE)) {
            case RunLayout.SYSTEM_SHUTDOWN -> VmExit.SystemEvent.Kind.SHUTDOWN;
            case RunLayout.SYSTEM_RESET -> VmExit.SystemEvent.Kind.RESET;
            case RunLayout.SYSTEM_CRASH -> VmExit.SystemEvent.Kind.CRASH;
            default -> VmExit.SystemEvent.Kind.OTHER;
        };
        int count = Math.clamp(HostMemory.loadInt(run + RunLayout.SYSTEM_EVENT_COUNT), 0, MOST_DATA);
        List<Long> data = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            data.add(HostMemory.loadLong(run + RunLayout.SYSTEM_EVENT_DATA + (long) i * Long.BYTES));
        }
        return new VmExit.SystemEvent(kind, data);
    }
}
