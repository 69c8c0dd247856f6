// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

/// What a host's KVM can or cannot, as `KVM_CHECK_EXTENSION` tells: the capabilities that Javisor looks at.
public enum KvmCapability {
    IRQCHIP(0), USER_MEMORY(3), NR_VCPUS(9), NR_MEMSLOTS(10), MP_STATE(14), COALESCED_MMIO(15), USER_NMI(22),
    SET_GUEST_DEBUG(23), IRQ_ROUTING(25), MCE(31), IRQFD(32), PIT2(33), IOEVENTFD(36), ADJUST_CLOCK(39),
    VCPU_EVENTS(41), HYPERV(44), DEBUGREGS(50), XSAVE(55), XCRS(56), TSC_CONTROL(60), GET_TSC_KHZ(61),
    MAX_VCPUS(66), TSC_DEADLINE_TIMER(72), SYNC_REGS(74), SIGNAL_MSI(77), READONLY_MEM(81), IRQFD_RESAMPLE(82),
    X86_SMM(117), MULTI_ADDRESS_SPACE(118), SPLIT_IRQCHIP(121), IOEVENTFD_ANY_LENGTH(122), VCPU_ATTRIBUTES(127),
    X2APIC_API(129), IMMEDIATE_EXIT(136), HYPERV_SYNIC2(148), NESTED_STATE(157), COALESCED_PIO(162),
    EXCEPTION_PAYLOAD(164), HYPERV_CPUID(167), HALT_POLL(182), MANUAL_DIRTY_LOG_PROTECT2(168), X86_USER_SPACE_MSR(188),
    X86_MSR_FILTER(189), DIRTY_LOG_RING(192), X86_BUS_LOCK_EXIT(193), SET_GUEST_DEBUG2(195), SREGS2(200),
    EXIT_HYPERCALL(201), BINARY_STATS_FD(203), XSAVE2(208), DISABLE_QUIRKS2(213), X86_TRIPLE_FAULT_EVENT(218),
    DIRTY_LOG_RING_ACQ_REL(223);

    /// Its number in linux/kvm.h, where its name begins with `KVM_CAP_`.
    public final int number;

    KvmCapability(int number) {
        this.number = number;
    }

    /// The name in linux/kvm.h.
    public String constant() {
        return "KVM_CAP_" + name();
    }
}
