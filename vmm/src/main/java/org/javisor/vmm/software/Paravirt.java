// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntPredicate;
import org.javisor.cpu.CpuGroup;
import org.javisor.cpu.CpuVendor;
import org.javisor.cpu.CpuidModel;
import org.javisor.cpu.HypervisorLeaves;
import org.javisor.memory.Clock;
import org.javisor.memory.GuestMemory;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.engine.EngineVm;
import org.javisor.vmm.pv.GuestInterface;
import org.javisor.vmm.pv.HvHypercalls;
import org.javisor.vmm.pv.HvLeaves;
import org.javisor.vmm.pv.HvPartition;
import org.javisor.vmm.pv.KvmHypercalls;
import org.javisor.vmm.pv.KvmLeaves;
import org.javisor.vmm.pv.PvMachine;

/// The paravirtual interfaces of a machine, and the machine as they see it.
final class Paravirt implements PvMachine {
    private final EngineVm vm;
    private final CpuGroup group;
    private final Set<GuestInterface> interfaces;
    private final KvmHypercalls kvm;
    /// Null where it is not offered.
    private final HvPartition hyperv;
    private final HvHypercalls hypervCalls;
    /// Where the guest wants the time of day told by KVM's interface.
    private final AtomicLong wallClock = new AtomicLong();
    /// What KVM's clock is ahead of the machine's.
    private volatile long clockOffset;

    Paravirt(EngineVm vm, CpuGroup group) {
        this.vm = vm;
        this.group = group;
        this.interfaces = vm.config().interfaces();
        this.kvm = new KvmHypercalls(this, offers(GuestInterface.KVM));
        boolean offered = interfaces.contains(GuestInterface.HYPERV);
        this.hyperv = offered ? new HvPartition(this, vm.config().cpuid().vendor() == CpuVendor.AMD) : null;
        this.hypervCalls = offered ? new HvHypercalls(hyperv) : null;
    }

    /// What the guest's processors are, with the leaves of CPUID that tell of the interfaces.
    CpuidModel describedIn(CpuidModel cpuid) {
        if (hyperv == null) {
            return offers(GuestInterface.KVM) ? cpuid.with(new KvmLeaves(KvmLeaves.FIRST)) : cpuid;
        }
        HypervisorLeaves leaves = new HvLeaves(cpuid.cpus());
        HypervisorLeaves others = new KvmLeaves(KvmLeaves.BEHIND_ANOTHER);
        return cpuid.with(!offers(GuestInterface.KVM) ? leaves : (leaf, subleaf, answer) ->
                (leaf < KvmLeaves.BEHIND_ANOTHER ? leaves : others).answer(leaf, subleaf, answer));
    }

    boolean offers(GuestInterface what) {
        return interfaces.contains(what);
    }

    KvmHypercalls kvm() {
        return kvm;
    }

    /// As of [org.javisor.vmm.EnabledCaps#hypercallExits].
    boolean hypercallsExit() {
        return vm.config().caps().hypercallExits();
    }

    AtomicLong wallClock() {
        return wallClock;
    }

    /// Null where it is not offered.
    HvPartition hyperv() {
        return hyperv;
    }

    HvHypercalls hypervCalls() {
        return hypervCalls;
    }

    /// RESET, of what processors share.
    void reset() {
        if (hyperv != null) {
            hyperv.reset();
        }
    }

    // ---- the machine ----

    @Override
    public int processors() {
        return vm.config().cpuid().cpus();
    }

    @Override
    public GuestMemory memory() {
        return vm.memory();
    }

    @Override
    public Clock clock() {
        return vm.clock();
    }

    @Override
    public long guestNanos(long nanos) {
        return nanos + clockOffset;
    }

    /// Has KVM's clock tell `nanos` now. The machine does not run.
    void setGuestNanos(long nanos) {
        clockOffset = nanos - vm.clock().nanos();
    }

    @Override
    public long tscAt(long nanos) {
        return vm.tscAt(nanos);
    }

    @Override
    public boolean interrupt(int apicId, int command) {
        return vm.hasChips() && vm.chips().interrupt(apicId, command);
    }

    @Override
    public void forgetTranslations(IntPredicate which) {
        group.forgetTranslations(which);
    }

    @Override
    public void forgetTranslations(IntPredicate which, long[] gvas) {
        group.forgetTranslations(which, gvas);
    }

    @Override
    public void unhalt(int apicId) {
        SoftwareVcpu vcpu = vcpu(apicId);
        if (vcpu != null) {
            vcpu.unhalt();
        }
    }

    private SoftwareVcpu vcpu(int apicId) {
        for (Vcpu vcpu : vm.vcpus()) {
            if (vcpu.id() == apicId) {
                return (SoftwareVcpu) vcpu;
            }
        }
        return null;
    }
}
