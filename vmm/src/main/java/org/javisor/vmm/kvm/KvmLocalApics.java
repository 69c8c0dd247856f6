// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.engine.RunCounters;
import org.javisor.vmm.irq.ForeignApics;
import org.javisor.vmm.irq.GsiRoute;
import org.javisor.vmm.irq.MsiDecoder;

/// The local APICs of KVM's processors, in a machine whose PIC, PIT and I/O APIC are here: KVM's "split" chips.
///
/// Messages go to KVM. What the PIC asks for, processor 0 gets from its own thread between two entries, when it can
/// take it. And KVM is told which vectors are level-triggered, so that it leaves the guest when these are ended.
final class KvmLocalApics implements ForeignApics {
    private final Vm vm;
    private final VmFd fd;
    /// Guarded by this object's monitor.
    private Map<Integer, GsiRoute.Msi> known = Map.of();

    KvmLocalApics(Vm vm, VmFd fd) {
        this.vm = vm;
        this.fd = fd;
    }

    @Override
    public boolean deliver(int destination, int command, boolean one) {
        GsiRoute.Msi message = MsiDecoder.encode(destination, command, one);
        return fd.signalMsi(message.address(), message.data());
    }

    @Override
    public void lint0(boolean level) {
        if (level) {
            for (Vcpu vcpu : vm.vcpus()) {
                if (vcpu.id() == 0) {
                    ((KvmVcpu) vcpu).hurry();
                }
            }
        }
    }

    /// On processor 0's thread, before it is entered: hands over what the PIC asks for, if it can be taken.
    ///
    /// @return whether there is more to be taken as soon as that is possible
    boolean stillWaits(VcpuFd vcpu, RunCounters counters) {
        if (!vm.chips().picRequests()) {
            return false;
        }
        if (!vcpu.readyForInterrupt()) {
            return true;
        }
        int vector = vm.chips().acknowledgePic();
        counters.interrupted(vector);
        vcpu.interrupt(vector);
        return vm.chips().picRequests();
    }

    /// An NMI, as firmware connects the pin.
    @Override
    public void lint1(boolean level) {
        if (level) {
            vm.vcpus().forEach(Vcpu::injectNmi);
        }
    }

    @Override
    public synchronized void redirected(Map<Integer, GsiRoute.Msi> messages) {
        if (!messages.equals(known)) {
            known = messages;
            List<VmFd.Route> routes = new ArrayList<>();
            messages.forEach((number, message) ->
                    routes.add(new VmFd.Route(number, VmFd.ROUTE_MSI, message.address(), message.data())));
            fd.routing(routes);
        }
    }
}
