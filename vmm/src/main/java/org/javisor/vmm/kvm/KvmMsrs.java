// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.Arrays;
import java.util.Set;
import org.javisor.vmm.MsrExitReason;
import org.javisor.vmm.MsrFilter;

/// How KVM is told what a machine's owner wants of model-specific registers.
final class KvmMsrs {
    private KvmMsrs() { }

    /// Has accesses leave for these reasons.
    static void exits(VmFd vm, Set<MsrExitReason> reasons) {
        long mask = 0;
        for (MsrExitReason reason : reasons) {
            mask |= switch (reason) {
                case UNKNOWN -> RunLayout.MSR_UNKNOWN;
                case INVALID -> RunLayout.MSR_INVALID;
                case FILTER -> RunLayout.MSR_FILTER;
            };
        }
        vm.enable(KvmCapability.X86_USER_SPACE_MSR, mask);
    }

    static void filter(VmFd vm, MsrFilter filter) {
        vm.msrFilter(filter.allows(), filter.ranges().stream().map(KvmMsrs::range).toList());
    }

    private static VmFd.MsrRange range(MsrFilter.Range range) {
        int flags = (range.reads() ? VmFd.MSR_READ : 0) | (range.writes() ? VmFd.MSR_WRITE : 0);
        long[] allowed = Arrays.copyOf(range.allowed().toLongArray(), (range.count() + 63) / 64);
        return new VmFd.MsrRange(flags, range.first(), range.count(), allowed);
    }
}
