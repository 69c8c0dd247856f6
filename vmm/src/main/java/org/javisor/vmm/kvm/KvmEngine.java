// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.javisor.cpu.TranslationStats;
import org.javisor.host.Errno;
import org.javisor.host.HostException;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.Capability;
import org.javisor.vmm.EventWiring;
import org.javisor.vmm.Execution;
import org.javisor.vmm.Irqchip;
import org.javisor.vmm.MsrFilter;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.engine.Engine;
import org.javisor.vmm.engine.EngineVm;
import org.javisor.vmm.irq.InterruptChips;
import org.javisor.vmm.irq.IoApic;
import org.javisor.vmm.pv.GuestInterface;
import org.javisor.vmm.pv.HvPartition;
import org.javisor.vmm.stats.Statistics;

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
            Map.entry(Capability.SPLIT_IRQCHIP, KvmCapability.SPLIT_IRQCHIP),
            Map.entry(Capability.IRQFD_RESAMPLE, KvmCapability.SPLIT_IRQCHIP),
            Map.entry(Capability.IOEVENTFD_ANY_LENGTH, KvmCapability.IOEVENTFD_ANY_LENGTH),
            Map.entry(Capability.COALESCED_MMIO, KvmCapability.COALESCED_MMIO),
            Map.entry(Capability.COALESCED_PIO, KvmCapability.COALESCED_PIO),
            Map.entry(Capability.DIRTY_RING, KvmCapability.DIRTY_LOG_RING),
            Map.entry(Capability.BUS_LOCK_EXIT, KvmCapability.X86_BUS_LOCK_EXIT),
            Map.entry(Capability.USER_SPACE_MSR, KvmCapability.X86_USER_SPACE_MSR),
            Map.entry(Capability.MSR_FILTER, KvmCapability.X86_MSR_FILTER),
            Map.entry(Capability.TSC_CONTROL, KvmCapability.TSC_CONTROL),
            Map.entry(Capability.TSC_OFFSET, KvmCapability.VCPU_ATTRIBUTES),
            Map.entry(Capability.ADJUST_CLOCK, KvmCapability.ADJUST_CLOCK)));

    /// KVM_BUS_LOCK_DETECTION_EXIT.
    private static final long BUS_LOCK_DETECTION_EXIT = 2;
    private static final int RING_ENTRY_BYTES = 16, LEAST_RING_BYTES = 4096;

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

    private static void require(boolean has, KvmCapability capability) {
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
        return can;
    }

    SystemFd system() {
        return system;
    }

    @Override
    public Processors open(EngineVm vm) {
        VmFd fd = system.createVm();
        try {
            return new KvmProcessors(vm, fd);
        } catch (RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    @Override
    public void close() {
        system.close();
    }

    private final class KvmProcessors implements Processors {
        private final EngineVm vm;
        private final VmFd fd;
        private final KvmSlots slots;
        private final KvmStatistics statistics;
        private final KvmCoalesced coalesced;
        private final KvmEventWiring events;
        private final List<KvmDirtyRing> rings = new CopyOnWriteArrayList<>();
        /// 0 where writes are logged in bitmaps.
        private final long ringBytes;
        /// Null in a machine without interrupt chips.
        private final KvmLocalApics apics;
        private final KvmCpuid cpuid;
        private final int[] msrs;

        KvmProcessors(EngineVm vm, VmFd fd) {
            this.vm = vm;
            this.fd = fd;
            VmConfig config = vm.config();
            if (config.execution() != Execution.AUTO && config.execution() != Execution.KVM) {
                throw new ConfigurationException("engine kvm executes guest code by the host's processor, not by "
                        + config.execution().name().toLowerCase(Locale.ROOT));
            }
            for (GuestInterface offered : config.interfaces()) {
                if (offered != GuestInterface.KVM) {
                    throw new ConfigurationException("engine kvm offers guests KVM's interface only, not " + offered);
                }
            }
            fd.placeRealModePages();
            if (config.chips()) {
                require(system.has(KvmCapability.SPLIT_IRQCHIP), KvmCapability.SPLIT_IRQCHIP);
                fd.enable(KvmCapability.SPLIT_IRQCHIP,
                        config.irqchip() == Irqchip.FULL ? IoApic.PINS : InterruptChips.GSIS);
                apics = new KvmLocalApics(vm, fd);
                vm.chips().lead(apics);
            } else {
                apics = null;
            }
            if (config.caps().forcedEmulation()) {
                throw new ConfigurationException("engine kvm takes its prefix for emulation from the host's kernel");
            }
            if (config.caps().busLockExits()) {
                require(system.has(KvmCapability.X86_BUS_LOCK_EXIT), KvmCapability.X86_BUS_LOCK_EXIT);
                fd.enable(KvmCapability.X86_BUS_LOCK_EXIT, BUS_LOCK_DETECTION_EXIT);
            }
            if (!config.caps().msrExits().isEmpty()) {
                require(system.has(KvmCapability.X86_USER_SPACE_MSR), KvmCapability.X86_USER_SPACE_MSR);
                KvmMsrs.exits(fd, config.caps().msrExits());
            }
            this.cpuid = new KvmCpuid(system.supportedCpuid(), config.cpuid(), config.chips(),
                    config.interfaces().contains(GuestInterface.KVM));
            this.msrs = system.msrIndices();
            this.ringBytes = config.caps().dirtyRing() == 0 ? 0 : enableRings(config.caps().dirtyRing());
            this.statistics = new KvmStatistics(fd);
            this.coalesced = new KvmCoalesced(fd, vm.ports(), vm.mmio());
            this.events = new KvmEventWiring(vm, fd, coalesced);
            this.slots = new KvmSlots(fd, vm.memory(),
                    config.caps().dirtyRing() == 0 ? null : () -> rings.forEach(KvmDirtyRing::drain));
            vm.memory().addListener(slots);
        }

        /// KVM keeps a part of each ring for what a processor writes before it notices: how large a ring must be at
        /// least, the host's processor decides.
        private long enableRings(int entries) {
            KvmCapability capability = system.has(KvmCapability.DIRTY_LOG_RING_ACQ_REL)
                    ? KvmCapability.DIRTY_LOG_RING_ACQ_REL : KvmCapability.DIRTY_LOG_RING;
            require(system.has(capability), capability);
            long most = system.extension(capability);
            for (long bytes = Math.max(LEAST_RING_BYTES, (long) entries * RING_ENTRY_BYTES); ; bytes *= 2) {
                try {
                    fd.enable(capability, bytes);
                    return bytes;
                } catch (KvmException e) {
                    if (bytes * 2 > most) {
                        throw e;
                    }
                }
            }
        }

        private KvmDirtyRing newRing(VcpuFd vcpu) {
            if (ringBytes == 0) {
                return null;
            }
            KvmDirtyRing ring = new KvmDirtyRing(vcpu.dirtyRing(ringBytes), slots);
            rings.add(ring);
            return ring;
        }

        @Override
        public Vcpu create(int id) {
            VcpuFd vcpu = fd.createVcpu(id);
            try {
                vcpu.cpuid(cpuid.of(id));
                coalesced.seenThrough(vcpu);
                return new KvmVcpu(vm, id, vcpu, msrs, coalesced, apics, newRing(vcpu));
            } catch (RuntimeException e) {
                vcpu.close();
                throw e;
            }
        }

        @Override
        public void hurry(Vcpu vcpu) {
            ((KvmVcpu) vcpu).hurry();
        }

        /// Processors of KVM's have no such pin: what a PC's firmware and systems do with it, they do as if bit 20 had
        /// never been masked.
        @Override
        public void maskA20(Vcpu vcpu, boolean masked) { }

        /// What guests are told comes from KVM itself.
        @Override
        public long clock(long nanos) {
            return fd.clock();
        }

        @Override
        public void setClock(long nanos) {
            fd.clock(nanos);
        }

        /// KVM offers Hyper-V's interface itself, where it is offered.
        @Override
        public HvPartition hyperv() {
            return null;
        }

        /// Chips are the machine's.
        @Override
        public void reset() { }

        @Override
        public EventWiring eventWiring() {
            return events;
        }

        @Override
        public void msrFilter(MsrFilter filter) {
            require(system.has(KvmCapability.X86_MSR_FILTER), KvmCapability.X86_MSR_FILTER);
            KvmMsrs.filter(fd, filter);
        }

        @Override
        public void reset(Vcpu vcpu) {
            ((KvmVcpu) vcpu).reset();
        }

        /// KVM counts no instructions.
        @Override
        public void countInstructions() { }

        @Override
        public String listing(long from, long to) {
            return "";
        }

        @Override
        public void describe(Statistics.Builder builder) {
            statistics.describe(builder);
        }

        @Override
        public TranslationStats translationStats() {
            return null;
        }

        @Override
        public void close(Vcpu vcpu) {
            ((KvmVcpu) vcpu).close();
        }

        @Override
        public void close() {
            events.close();
            rings.forEach(KvmDirtyRing::close);
            statistics.close();
            vm.memory().removeListener(slots);
            fd.close();
        }
    }
}
