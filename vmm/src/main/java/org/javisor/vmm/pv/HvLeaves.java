// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import org.javisor.cpu.HypervisorLeaves;

/// Hyper-V's leaves of CPUID.
///
/// There are no leaves of a debugger (0x40000080), and the invariant counter is not held back until the guest asks for
/// it: a guest that is told so of the counter would rather use that than the reference page.
///
/// @hyperv "Feature and Interface Discovery"
public final class HvLeaves implements HypervisorLeaves {
    private static final int VENDOR = 0x4000_0000, INTERFACE = 0x4000_0001, VERSION = 0x4000_0002,
            FEATURES = 0x4000_0003, RECOMMENDATIONS = 0x4000_0004, LIMITS = 0x4000_0005, LAST = 0x4000_000a;

    // Leaf 3, EAX and EBX: privileges.
    static final int ACCESS_VP_RUNTIME = 1, ACCESS_REFERENCE_COUNTER = 1 << 1, ACCESS_SYNIC = 1 << 2,
            ACCESS_TIMERS = 1 << 3, ACCESS_APIC = 1 << 4, ACCESS_HYPERCALL = 1 << 5, ACCESS_VP_INDEX = 1 << 6,
            ACCESS_RESET = 1 << 7, ACCESS_REFERENCE_TSC = 1 << 9, ACCESS_GUEST_IDLE = 1 << 10,
            ACCESS_FREQUENCIES = 1 << 11, ACCESS_REENLIGHTENMENT = 1 << 13;
    static final int POST_MESSAGES = 1 << 4, SIGNAL_EVENTS = 1 << 5;
    static final int PRIVILEGES = ACCESS_VP_RUNTIME | ACCESS_REFERENCE_COUNTER | ACCESS_SYNIC | ACCESS_TIMERS
            | ACCESS_APIC | ACCESS_HYPERCALL | ACCESS_VP_INDEX | ACCESS_RESET | ACCESS_REFERENCE_TSC
            | ACCESS_GUEST_IDLE | ACCESS_FREQUENCIES | ACCESS_REENLIGHTENMENT;
    // Leaf 3, EDX.
    static final int DYNAMIC_PARTITIONING = 1 << 3, XMM_INPUT = 1 << 4, GUEST_IDLE = 1 << 5, FREQUENCIES = 1 << 8,
            CRASH = 1 << 10, EXTENDED_RANGES = 1 << 14, DIRECT_TIMERS = 1 << 19;
    // Leaf 4, EAX.
    static final int REMOTE_TLB_FLUSH = 1 << 2, APIC_REGISTERS = 1 << 3, RESET_REGISTER = 1 << 4,
            RELAXED_TIMING = 1 << 5, CLUSTER_IPI = 1 << 10, EX_SETS = 1 << 11;

    /// The version that current guests expect, which is Windows Server 2016's.
    private static final int BUILD = 14_393, MAJOR = 10, MINOR = 0;
    /// How often a guest is to look at a lock before it says that it waits for long.
    private static final int SPINS = 0xfff;

    private final int processors;

    public HvLeaves(int processors) {
        this.processors = processors;
    }

    @Override
    public void answer(int leaf, int subleaf, int[] answer) {
        switch (leaf) {
            case VENDOR -> set(answer, LAST, HypervisorLeaves.text("Micr"), HypervisorLeaves.text("osof"),
                    HypervisorLeaves.text("t Hv"));
            case INTERFACE -> set(answer, HypervisorLeaves.text("Hv#1"), 0, 0, 0);
            case VERSION -> set(answer, BUILD, MAJOR << 16 | MINOR, 0, 0);
            case FEATURES -> set(answer, PRIVILEGES, POST_MESSAGES | SIGNAL_EVENTS, 0, DYNAMIC_PARTITIONING | XMM_INPUT
                    | GUEST_IDLE | FREQUENCIES | CRASH | EXTENDED_RANGES | DIRECT_TIMERS);
            case RECOMMENDATIONS -> set(answer, REMOTE_TLB_FLUSH | APIC_REGISTERS | RESET_REGISTER | RELAXED_TIMING
                    | CLUSTER_IPI | EX_SETS, SPINS, 0, 0);
            case LIMITS -> set(answer, processors, processors, 0, 0);
            default -> { }
        }
    }

    private static void set(int[] answer, int eax, int ebx, int ecx, int edx) {
        answer[0] = eax;
        answer[1] = ebx;
        answer[2] = ecx;
        answer[3] = edx;
    }
}
