// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.javisor.host.Errno;
import org.javisor.host.EventFd;
import org.javisor.vmm.CoalescedWrite;
import org.javisor.vmm.EventWiring;
import org.javisor.vmm.IoEvent;
import org.javisor.vmm.Irqchip;
import org.javisor.vmm.Vm;
import org.javisor.vmm.engine.PolledEventWiring;

/// Eventfds and gathered writes of a machine of KVM's: writes of the guest's ring their doorbells, and are gathered,
/// without leaving the kernel. So do interrupts where no chip that is here is on their way; else they take that of all
/// wires.
final class KvmEventWiring implements EventWiring {
    private final VmFd fd;
    private final PolledEventWiring wires;
    private final KvmCoalesced coalesced;
    /// Whether GSIs lead past chips that are here; and whether all chips are the kernel's.
    private final boolean inKernel, fullyInKernel;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final Set<EventFd> triggers = ConcurrentHashMap.newKeySet();

    KvmEventWiring(Vm vm, VmFd fd, KvmCoalesced coalesced) {
        this.fd = fd;
        this.wires = new PolledEventWiring(vm);
        this.coalesced = coalesced;
        Irqchip irqchip = vm.config().irqchip();
        this.fullyInKernel = irqchip == Irqchip.KERNEL;
        this.inKernel = fullyInKernel || irqchip == Irqchip.SPLIT;
    }

    @Override
    public Connection irqfd(EventFd trigger, int gsi) {
        return inKernel ? kernelIrqfd(trigger, null, gsi) : wires.irqfd(trigger, gsi);
    }

    @Override
    public Connection irqfd(EventFd trigger, EventFd resample, int gsi) {
        // Of ends KVM knows where the I/O APIC is its own.
        return fullyInKernel ? kernelIrqfd(trigger, resample, gsi) : wires.irqfd(trigger, resample, gsi);
    }

    private Connection kernelIrqfd(EventFd trigger, EventFd resample, int gsi) {
        if (!triggers.add(trigger)) {
            throw new IllegalArgumentException("trigger: this eventfd raises an interrupt of this machine already");
        }
        // Descriptors of our own, so that whoever closes his does no harm here.
        EventFd ours = trigger.duplicate();
        EventFd ends = resample == null ? null : resample.duplicate();
        int told = ends == null ? -1 : ends.fd();
        try {
            fd.irqfd(ours.fd(), gsi, told, true);
        } catch (KvmException e) {
            triggers.remove(trigger);
            close(ours, ends);
            throw e;
        }
        return once(() -> {
            fd.irqfd(ours.fd(), gsi, told, false);
            triggers.remove(trigger);
            close(ours, ends);
        });
    }

    private static void close(EventFd trigger, EventFd resample) {
        trigger.close();
        if (resample != null) {
            resample.close();
        }
    }

    @Override
    public Connection ioeventfd(IoEvent event, EventFd doorbell) {
        // Our own descriptor: KVM is told by one again when the connection ends.
        EventFd bell = doorbell.duplicate();
        try {
            ioeventfd(event, bell, true);
        } catch (KvmException e) {
            bell.close();
            if (e.errno() == Errno.EEXIST.number) {
                throw new IllegalArgumentException("event: there is a doorbell that " + event + " would ring too", e);
            }
            throw e;
        }
        return once(() -> {
            ioeventfd(event, bell, false);
            bell.close();
        });
    }

    private void ioeventfd(IoEvent event, EventFd bell, boolean assign) {
        fd.ioeventfd(event.space() == IoEvent.Space.PORT, event.address(), event.bytes(), event.match(), bell.fd(),
                assign);
    }

    @Override
    public Connection coalesce(IoEvent.Space space, long address, long bytes) {
        boolean port = space == IoEvent.Space.PORT;
        coalesced.add(port, address, bytes);
        return once(() -> coalesced.remove(port, address, bytes));
    }

    @Override
    public List<CoalescedWrite> takeCoalesced() {
        return coalesced.take();
    }

    private Connection once(Runnable disconnect) {
        Connection connection = new Connection() {
            private final AtomicBoolean done = new AtomicBoolean();

            @Override
            public void close() {
                if (done.compareAndSet(false, true)) {
                    connections.remove(this);
                    disconnect.run();
                }
            }
        };
        connections.add(connection);
        return connection;
    }

    /// Ends all connections. No vCPU runs.
    void close() {
        List.copyOf(connections).forEach(Connection::close);
        wires.close();
    }
}
