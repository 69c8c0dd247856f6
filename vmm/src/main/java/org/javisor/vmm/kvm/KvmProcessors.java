// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import org.javisor.cpu.TranslationStats;
import org.javisor.memory.ConfigurationException;
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
import org.javisor.vmm.pv.KvmHypercalls;
import org.javisor.vmm.stats.Statistics;

/// The processors of one machine, and what they share.
final class KvmProcessors implements Engine.Processors {
    /// KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS.
    private static final long QUIRK_MWAIT_NEVER_UD_FAULTS = 1 << 6;
    /// KVM_BUS_LOCK_DETECTION_EXIT.
    private static final long BUS_LOCK_DETECTION_EXIT = 2;
    private static final int RING_ENTRY_BYTES = 16, LEAST_RING_BYTES = 4096;

    private final SystemFd system;
    private final EngineVm vm;
    private final VmFd fd;
    private final KvmSlots slots;
    /// Null where there is no system management mode.
    private final KvmSlots managementSlots;
    private final KvmStatistics statistics;
    private final KvmCoalesced coalesced;
    private final KvmEventWiring events;
    private final List<KvmDirtyRing> rings = new CopyOnWriteArrayList<>();
    /// 0 where writes are logged in bitmaps.
    private final long ringBytes;
    /// Null in a machine without interrupt chips, and where all are the kernel's.
    private final KvmLocalApics apics;
    private final KvmCpuid cpuid;
    private final int[] msrs;

    KvmProcessors(SystemFd system, EngineVm vm, VmFd fd) {
        this.system = system;
        this.vm = vm;
        this.fd = fd;
        VmConfig config = vm.config();
        checkExecution(config);
        fd.placeRealModePages();
        this.apics = config.chips() ? localApics() : null;
        enable(config);
        this.cpuid = new KvmCpuid(system.supportedCpuid(), config.cpuid(), config.chips(),
                config.interfaces().contains(GuestInterface.KVM), config.caps().hypercallExits());
        this.msrs = system.msrIndices();
        boolean inRings = config.caps().dirtyRing() != 0;
        this.ringBytes = inRings ? enableRings(config.caps().dirtyRing()) : 0;
        this.statistics = new KvmStatistics(fd);
        this.coalesced = new KvmCoalesced(fd, vm.ports(), vm.mmio());
        this.events = new KvmEventWiring(vm, fd, coalesced);
        Runnable drain = inRings ? () -> rings.forEach(KvmDirtyRing::drain) : null;
        this.slots = new KvmSlots(fd, KvmSlots.ORDINARY, vm.memory(), drain);
        this.managementSlots = KvmEngine.hasManagement(system)
                ? new KvmSlots(fd, KvmSlots.MANAGEMENT, vm.memory(), drain) : null;
        slots.follow();
        if (managementSlots != null) {
            managementSlots.follow();
        }
    }

    private static void checkExecution(VmConfig config) {
        if (config.execution() != Execution.AUTO && config.execution() != Execution.KVM) {
            throw new ConfigurationException("engine kvm executes guest code by the host's processor, not by "
                    + config.execution().name().toLowerCase(Locale.ROOT));
        }
        if (config.caps().forcedEmulation()) {
            throw new ConfigurationException("engine kvm takes its prefix for emulation from the host's kernel");
        }
    }

    /// @return null where the PIC is the kernel's
    private KvmLocalApics localApics() {
        if (vm.config().irqchip() == Irqchip.KERNEL) {
            require(KvmCapability.IRQCHIP);
            if (vm.config().pit()) {
                require(KvmCapability.PIT2);
            }
            vm.chips().lead(new KvmChips(fd, new KvmLocalApics(vm, fd), vm.clock(), vm.config().pit()));
            return null;
        }
        require(KvmCapability.SPLIT_IRQCHIP);
        fd.enable(KvmCapability.SPLIT_IRQCHIP,
                vm.config().irqchip() == Irqchip.FULL ? IoApic.PINS : InterruptChips.GSIS);
        KvmLocalApics leading = new KvmLocalApics(vm, fd);
        vm.chips().lead(leading);
        return leading;
    }

    private void enable(VmConfig config) {
        for (GuestInterface offered : config.interfaces()) {
            switch (offered) {
                case KVM -> { }
                case HYPERV -> {
                    require(KvmCapability.HYPERV);
                    require(KvmCapability.HYPERV_CPUID);
                    require(KvmCapability.HYPERV_SYNIC2);
                }
                case VMWARE -> throw new ConfigurationException(
                        "engine kvm has no backdoor of VMware's: its port would have to be looked at outside KVM");
            }
        }
        if ((system.extension(KvmCapability.DISABLE_QUIRKS2) & QUIRK_MWAIT_NEVER_UD_FAULTS) != 0) {
            // Guests are not told of MONITOR and MWAIT, which are no NOPs then.
            fd.enable(KvmCapability.DISABLE_QUIRKS2, QUIRK_MWAIT_NEVER_UD_FAULTS);
        }
        if (system.has(KvmCapability.X86_TRIPLE_FAULT_EVENT)) {
            fd.enable(KvmCapability.X86_TRIPLE_FAULT_EVENT, 1);
        }
        if (config.caps().hypercallExits()) {
            require(KvmCapability.EXIT_HYPERCALL);
            fd.enable(KvmCapability.EXIT_HYPERCALL, 1 << KvmHypercalls.MAP_GPA_RANGE);
        }
        if (config.caps().busLockExits()) {
            require(KvmCapability.X86_BUS_LOCK_EXIT);
            fd.enable(KvmCapability.X86_BUS_LOCK_EXIT, BUS_LOCK_DETECTION_EXIT);
        }
        if (config.caps().haltPoll() != 0) {
            require(KvmCapability.HALT_POLL);
            fd.enable(KvmCapability.HALT_POLL, config.caps().haltPoll());
        }
        if (!config.caps().msrExits().isEmpty()) {
            require(KvmCapability.X86_USER_SPACE_MSR);
            KvmMsrs.exits(fd, config.caps().msrExits());
        }
    }

    private void require(KvmCapability capability) {
        KvmEngine.require(system.has(capability), capability);
    }

    /// KVM keeps a part of each ring for what a processor writes before it notices: how large a ring must be at
    /// least, the host's processor decides.
    private long enableRings(int entries) {
        KvmCapability capability = system.has(KvmCapability.DIRTY_LOG_RING_ACQ_REL)
                ? KvmCapability.DIRTY_LOG_RING_ACQ_REL : KvmCapability.DIRTY_LOG_RING;
        require(capability);
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
        KvmDirtyRing ring = new KvmDirtyRing(vcpu.dirtyRing(ringBytes), this::written);
        rings.add(ring);
        return ring;
    }

    private void written(int slot, long page) {
        KvmSlots space = slot < KvmSlots.MANAGEMENT ? slots : managementSlots;
        if (space != null) {
            space.written(slot, page);
        }
    }

    @Override
    public Vcpu create(int id) {
        VcpuFd vcpu = fd.createVcpu(id);
        try {
            describe(vcpu, id);
            KvmVcpu made = new KvmVcpu(vm, id, system, vcpu, msrs, coalesced, apics, newRing(vcpu));
            coalesced.seenThrough(vcpu);
            return made;
        } catch (RuntimeException e) {
            vcpu.close();
            throw e;
        }
    }

    private void describe(VcpuFd vcpu, int id) {
        if (system.has(KvmCapability.ENFORCE_PV_FEATURE_CPUID)) {
            vcpu.enable(KvmCapability.ENFORCE_PV_FEATURE_CPUID, 1);
        }
        if (!vm.config().interfaces().contains(GuestInterface.HYPERV)) {
            vcpu.cpuid(cpuid.of(id));
            return;
        }
        vcpu.cpuid(cpuid.of(id, KvmHyperv.leaves(vcpu.supportedHypervCpuid(), vm.config().cpuid().cpus())));
        if (vm.hasChips()) {
            vcpu.enable(KvmCapability.HYPERV_SYNIC2);
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
        require(KvmCapability.X86_MSR_FILTER);
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
        coalesced.seenNoMore();
        ((KvmVcpu) vcpu).close();
    }

    @Override
    public void close() {
        events.close();
        rings.forEach(KvmDirtyRing::close);
        statistics.close();
        slots.unfollow();
        if (managementSlots != null) {
            managementSlots.unfollow();
        }
        fd.close();
    }
}
