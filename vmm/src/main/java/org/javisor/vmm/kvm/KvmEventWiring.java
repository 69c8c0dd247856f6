// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.javisor.host.Errno;
import org.javisor.host.EventFd;
import org.javisor.vmm.CoalescedWrite;
import org.javisor.vmm.EventWiring;
import org.javisor.vmm.IoEvent;
import org.javisor.vmm.Vm;
import org.javisor.vmm.engine.PolledEventWiring;

/// Eventfds and gathered writes of a machine of KVM's: writes of the guest's ring their doorbells, and are gathered,
/// without leaving the kernel. Interrupts take the way of all wires, through chips that are here.
final class KvmEventWiring implements EventWiring {
    private final VmFd fd;
    private final PolledEventWiring wires;
    private final KvmCoalesced coalesced;

    KvmEventWiring(Vm vm, VmFd fd, KvmCoalesced coalesced) {
        this.fd = fd;
        this.wires = new PolledEventWiring(vm);
        this.coalesced = coalesced;
    }

    @Override
    public Connection irqfd(EventFd trigger, int gsi) {
        return wires.irqfd(trigger, gsi);
    }

    @Override
    public Connection irqfd(EventFd trigger, EventFd resample, int gsi) {
        return wires.irqfd(trigger, resample, gsi);
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

    private static Connection once(Runnable disconnect) {
        AtomicBoolean done = new AtomicBoolean();
        return () -> {
            if (done.compareAndSet(false, true)) {
                disconnect.run();
            }
        };
    }

    void close() {
        wires.close();
    }
}
