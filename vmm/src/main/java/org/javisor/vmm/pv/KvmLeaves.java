// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import org.javisor.cpu.HypervisorLeaves;

/// KVM's leaves of CPUID.
///
/// @linux Documentation/virt/kvm/x86/cpuid.rst
public final class KvmLeaves implements HypervisorLeaves {
    static final int CLOCK = 1, NO_IO_DELAY = 1 << 1, CLOCK2 = 1 << 3, ASYNC_FAULT = 1 << 4, STEAL_TIME = 1 << 5,
            LAZY_EOI = 1 << 6, UNHALT = 1 << 7, TLB_FLUSH = 1 << 9, ASYNC_FAULT_EXIT = 1 << 10, SEND_IPI = 1 << 11,
            POLL_CONTROL = 1 << 12, SCHED_YIELD = 1 << 13, ASYNC_FAULT_INTERRUPT = 1 << 14, MIGRATION_CONTROL = 1 << 17,
            STABLE_CLOCK = 1 << 24;
    /// Of EAX of the second leaf.
    public static final int MAP_GPA_RANGE = 1 << 16;
    static final int FEATURES = CLOCK | NO_IO_DELAY | CLOCK2 | ASYNC_FAULT | STEAL_TIME | LAZY_EOI | UNHALT | TLB_FLUSH
            | SEND_IPI | POLL_CONTROL | SCHED_YIELD | ASYNC_FAULT_INTERRUPT | MAP_GPA_RANGE | MIGRATION_CONTROL
            | STABLE_CLOCK;
    /// Where the leaves are, and where they are behind another interface's.
    public static final int FIRST = 0x4000_0000, BEHIND_ANOTHER = 0x4000_0100;

    private final int name;

    /// @param name the first leaf: [#FIRST] or [#BEHIND_ANOTHER]
    public KvmLeaves(int name) {
        this.name = name;
    }

    @Override
    public void answer(int leaf, int subleaf, int[] answer) {
        if (leaf == name) {
            answer[0] = name + 1;
            answer[1] = HypervisorLeaves.text("KVMK");
            answer[2] = HypervisorLeaves.text("VMKV");
            answer[3] = HypervisorLeaves.text("M\0\0\0");
        } else if (leaf == name + 1) {
            answer[0] = FEATURES;
        }
    }
}
