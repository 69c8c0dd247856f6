// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.ArrayList;
import java.util.List;
import org.javisor.host.HostMemory;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.pv.HvLeaves;
import org.javisor.vmm.pv.HvStatus;

/// Hyper-V's interface as KVM offers it: what guests are told of it, and what KVM leaves to user space.
final class KvmHyperv {
    private static final int FEATURES = 0x4000_0003, RECOMMENDATIONS = 0x4000_0004, LIMITS = 0x4000_0005,
            LAST = 0x4000_0005;

    private KvmHyperv() { }

    /// The leaves of CPUID: what software processors tell guests too, as far as the host's KVM can do it.
    ///
    /// @param supported what `KVM_GET_SUPPORTED_HV_CPUID` tells
    static List<CpuidTable.Entry> leaves(CpuidTable supported, int processors) {
        HvLeaves wanted = new HvLeaves(processors);
        List<CpuidTable.Entry> entries = new ArrayList<>();
        for (CpuidTable.Entry host : supported.entries()) {
            if (host.function() <= LAST) {
                entries.add(leaf(host, wanted));
            }
        }
        return entries;
    }

    private static CpuidTable.Entry leaf(CpuidTable.Entry host, HvLeaves wanted) {
        int[] ours = new int[4];
        wanted.answer(host.function(), 0, ours);
        return switch (host.function()) {
            case FEATURES -> host.with(host.eax() & ours[0], host.ebx() & ours[1], 0, host.edx() & ours[3]);
            case RECOMMENDATIONS -> host.with(host.eax() & ours[0], ours[1], 0, 0);
            case LIMITS -> host.with(ours[0], ours[1], 0, 0);
            // The first tells which leaf is the last.
            case 0x4000_0000 -> host.with(LAST, host.ebx(), host.ecx(), host.edx());
            default -> host;
        };
    }

    /// Answers what KVM leaves to user space: calls of connections, of which there are none. Of the SynIC's registers
    /// it only tells.
    ///
    /// @param run the address of the page that tells
    /// @return null: the processor goes on
    static VmExit answer(long run) {
        if (HostMemory.loadInt(run + RunLayout.HYPERV_TYPE) == RunLayout.HYPERV_CALL) {
            HostMemory.storeLong(run + RunLayout.HYPERV_CALL_RESULT, HvStatus.INVALID_CONNECTION_ID);
        }
        return null;
    }
}
