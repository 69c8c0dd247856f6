// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.javisor.host.Errno;
import org.javisor.host.HostException;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.Capability;
import org.javisor.vmm.engine.Engine;
import org.javisor.vmm.engine.EngineVm;

/// The host's processors, through KVM.
final class KvmEngine implements Engine {
    /// What no machine can do without.
    static final List<KvmCapability> REQUIRED = List.of(KvmCapability.USER_MEMORY, KvmCapability.READONLY_MEM,
            KvmCapability.IMMEDIATE_EXIT, KvmCapability.XSAVE, KvmCapability.XCRS, KvmCapability.DEBUGREGS,
            KvmCapability.VCPU_EVENTS, KvmCapability.SET_GUEST_DEBUG);

    /// What of the host's the engine needs for each thing that not every engine can do. The chips beside local APICs
    /// are ours.
    private static final Map<Capability, KvmCapability> WORTH = new EnumMap<>(Map.ofEntries(
            Map.entry(Capability.READ_ONLY_SLOTS, KvmCapability.READONLY_MEM),
            Map.entry(Capability.MANUAL_DIRTY_LOG, KvmCapability.MANUAL_DIRTY_LOG_PROTECT2),
            Map.entry(Capability.IRQCHIP, KvmCapability.SPLIT_IRQCHIP),
            Map.entry(Capability.KERNEL_IRQCHIP, KvmCapability.PIT2),
            Map.entry(Capability.SPLIT_IRQCHIP, KvmCapability.SPLIT_IRQCHIP),
            Map.entry(Capability.IRQFD_RESAMPLE, KvmCapability.SPLIT_IRQCHIP),
            Map.entry(Capability.IOEVENTFD_ANY_LENGTH, KvmCapability.IOEVENTFD_ANY_LENGTH),
            Map.entry(Capability.COALESCED_MMIO, KvmCapability.COALESCED_MMIO),
            Map.entry(Capability.COALESCED_PIO, KvmCapability.COALESCED_PIO),
            Map.entry(Capability.DIRTY_RING, KvmCapability.DIRTY_LOG_RING),
            Map.entry(Capability.BUS_LOCK_EXIT, KvmCapability.X86_BUS_LOCK_EXIT),
            Map.entry(Capability.USER_SPACE_MSR, KvmCapability.X86_USER_SPACE_MSR),
            Map.entry(Capability.HALT_POLL, KvmCapability.HALT_POLL),
            Map.entry(Capability.MSR_FILTER, KvmCapability.X86_MSR_FILTER),
            Map.entry(Capability.TSC_CONTROL, KvmCapability.TSC_CONTROL),
            Map.entry(Capability.TSC_OFFSET, KvmCapability.VCPU_ATTRIBUTES),
            Map.entry(Capability.ADJUST_CLOCK, KvmCapability.ADJUST_CLOCK),
            Map.entry(Capability.TRIPLE_FAULT_EVENT, KvmCapability.X86_TRIPLE_FAULT_EVENT),
            Map.entry(Capability.EXIT_HYPERCALL, KvmCapability.EXIT_HYPERCALL),
            Map.entry(Capability.NESTED_STATE, KvmCapability.NESTED_STATE)));

    private final SystemFd system;

    private KvmEngine(SystemFd system) {
        this.system = system;
    }

    /// @throws ConfigurationException if this host has no KVM that can be used, saying why
    static KvmEngine open() {
        SystemFd system;
        try {
            system = SystemFd.open();
        } catch (HostException e) {
            throw new ConfigurationException(refusal(e.errno(), e), e);
        }
        try {
            requireVersion(system.apiVersion());
            REQUIRED.forEach(capability -> require(system.has(capability), capability));
            return new KvmEngine(system);
        } catch (RuntimeException e) {
            system.close();
            throw e;
        }
    }

    private static String refusal(int errno, HostException e) {
        if (SystemFd.isAbsence(errno)) {
            return "there is no " + SystemFd.DEVICE + ": the host's kernel has no KVM, its processor does not offer"
                    + " virtualization, or the container was not given the device";
        }
        if (errno == Errno.EACCES.number || errno == Errno.EPERM.number) {
            return "no permission to use " + SystemFd.DEVICE + ": its group, often kvm, has to be one of "
                    + System.getProperty("user.name") + "'s";
        }
        return SystemFd.DEVICE + " cannot be used: " + e.getMessage();
    }

    private static void requireVersion(int version) {
        if (version != SystemFd.API_VERSION) {
            throw new ConfigurationException(SystemFd.DEVICE + " speaks version " + version + " of its interface, not "
                    + SystemFd.API_VERSION);
        }
    }

    static void require(boolean has, KvmCapability capability) {
        if (!has) {
            throw new ConfigurationException("the host's KVM lacks " + capability.constant());
        }
    }

    @Override
    public String name() {
        return "kvm";
    }

    @Override
    public Set<Capability> capabilities() {
        Set<Capability> can = EnumSet.noneOf(Capability.class);
        WORTH.forEach((capability, needed) -> {
            if (system.has(needed)) {
                can.add(capability);
            }
        });
        if ((system.extension(KvmCapability.SET_GUEST_DEBUG2) & KvmDebug.BLOCK_INTERRUPTS) != 0) {
            can.add(Capability.DEBUG_BLOCK_INTERRUPTS);
        }
        if (hasManagement(system)) {
            can.add(Capability.SYSTEM_MANAGEMENT_MODE);
        }
        return can;
    }

    /// Whether processors have a system management mode, with memory of its own.
    static boolean hasManagement(SystemFd system) {
        return system.has(KvmCapability.X86_SMM) && system.extension(KvmCapability.MULTI_ADDRESS_SPACE) > 1;
    }

    SystemFd system() {
        return system;
    }

    @Override
    public boolean keepsChips() {
        return true;
    }

    @Override
    public Processors open(EngineVm vm) {
        VmFd fd = system.createVm();
        try {
            return new KvmProcessors(system, vm, fd);
        } catch (RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    @Override
    public void close() {
        system.close();
    }
}
