// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.Set;
import org.javisor.cpu.CpuidModel;
import org.javisor.memory.Clock;
import org.javisor.memory.GuestMemory;
import org.javisor.vmm.pv.GuestInterface;
import org.javisor.vmm.pv.KvmHypercalls;
import org.javisor.vmm.pv.KvmLeaves;
import org.javisor.vmm.pv.PvMachine;

/// The paravirtual interfaces of a machine, and the machine as they see it.
final class Paravirt implements PvMachine {
    private final Vm vm;
    private final Set<GuestInterface> interfaces;
    private final KvmHypercalls kvm;
    /// What KVM's clock is ahead of the machine's.
    private volatile long clockOffset;

    Paravirt(Vm vm, Set<GuestInterface> interfaces) {
        this.vm = vm;
        this.interfaces = interfaces;
        this.kvm = new KvmHypercalls(this);
    }

    /// What the guest's processors are, with the leaves of CPUID that tell of the interfaces.
    CpuidModel describedIn(CpuidModel cpuid) {
        return interfaces.contains(GuestInterface.KVM) ? cpuid.with(new KvmLeaves()) : cpuid;
    }

    boolean offers(GuestInterface what) {
        return interfaces.contains(what);
    }

    KvmHypercalls kvm() {
        return kvm;
    }

    // ---- the machine ----

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
