// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.engine;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.javisor.host.EventFd;
import org.javisor.host.HostThread;
import org.javisor.memory.IoBus;
import org.javisor.vmm.CoalescedWrite;
import org.javisor.vmm.EventWiring;
import org.javisor.vmm.IoEvent;
import org.javisor.vmm.Vm;

/// Eventfds and gathered writes of a machine whose chips are here. One thread, which begins with the first irqfd, waits
/// for all of them and raises their interrupts.
public final class PolledEventWiring implements EventWiring {
    private static final int WIDEST = 8;

    private record Doorbell(IoEvent event, EventFd bell) { }

    private record Trigger(EventFd callers, Irqfd irqfd) { }

    private final Vm vm;
    private final CoalescedRing gathered = new CoalescedRing();
    private final List<Trigger> triggers = new CopyOnWriteArrayList<>();
    private final List<Doorbell> doorbells = new CopyOnWriteArrayList<>();
    private final Queue<EventFd> unhung = new ConcurrentLinkedQueue<>();
    /// Taken out, but perhaps still waited for.
    private final Queue<Irqfd> retired = new ConcurrentLinkedQueue<>();
    /// Wakes the thread to look at what has changed. Null until there is one.
    private EventFd changed;
    private Thread server;
    private volatile boolean closing;

    public PolledEventWiring(Vm vm) {
        this.vm = vm;
    }

    // ---- irqfd ----

    @Override
    public Connection irqfd(EventFd trigger, int gsi) {
        return connect(trigger, null, gsi);
    }

    @Override
    public Connection irqfd(EventFd trigger, EventFd resample, int gsi) {
        return connect(trigger, resample, gsi);
    }

    private synchronized Connection connect(EventFd trigger, EventFd resample, int gsi) {
        if (triggers.stream().anyMatch(other -> other.callers == trigger)) {
            throw new IllegalArgumentException("trigger: this eventfd raises an interrupt of this machine already");
        }
        Irqfd irqfd = new Irqfd(trigger.duplicate(), resample == null ? null : resample.duplicate(), vm.gsi(gsi));
        if (resample != null) {
            irqfd.listening(vm.chips().onEndOfInterrupt(gsi, irqfd::ended));
        }
        Trigger added = new Trigger(trigger, irqfd);
        triggers.add(added);
        lookAgain();
        return once(() -> {
            triggers.remove(added);
            retired.add(irqfd);
            lookAgain();
        });
    }

    private synchronized void lookAgain() {
        if (closing) {
            return;
        }
        if (server == null) {
            changed = new EventFd();
            server = Thread.ofPlatform().daemon().name("javisor-irqfd").start(this::serve);
        }
        changed.signal();
    }

    private void serve() {
        List<EventFd> waitedFor = new ArrayList<>();
        while (!closing) {
            for (Irqfd gone = retired.poll(); gone != null; gone = retired.poll()) {
                gone.release();
            }
            List<Trigger> now = List.copyOf(triggers);
            waitedFor.clear();
            waitedFor.add(changed);
            now.forEach(trigger -> waitedFor.add(trigger.irqfd.trigger()));
            BitSet ready = EventFd.awaitAny(waitedFor);
            if (ready.get(0)) {
                changed.await(0);
            }
            for (int i = ready.nextSetBit(1); i >= 0; i = ready.nextSetBit(i + 1)) {
                now.get(i - 1).irqfd.serve();
            }
        }
    }

    // ---- ioeventfd and coalesced writes ----

    private IoBus bus(IoEvent.Space space) {
        return space == IoEvent.Space.PORT ? vm.ports() : vm.mmio();
    }

    @Override
    public synchronized Connection ioeventfd(IoEvent event, EventFd doorbell) {
        if (doorbells.stream().anyMatch(other -> other.event.overlaps(event))) {
            throw new IllegalArgumentException("event: there is a doorbell that " + event + " would ring too");
        }
        Doorbell added = new Doorbell(event, doorbell.duplicate());
        IoBus bus = bus(event.space());
        int reach = event.bytes() == 0 ? (int) Math.min(WIDEST, bus.limit() - event.address() + 1) : event.bytes();
        Runnable untap;
        try {
            untap = bus.tap(event.address(), reach, (address, size, value) -> ring(added, address, size, value));
        } catch (IllegalArgumentException e) {
            added.bell.close();
            throw e;
        }
        doorbells.add(added);
        return once(() -> {
            untap.run();
            doorbells.remove(added);
            // A vCPU may be about to ring it.
            unhung.add(added.bell);
        });
    }

    private static boolean ring(Doorbell doorbell, long address, int size, long value) {
        IoEvent event = doorbell.event;
        boolean rings = address == event.address() && (event.bytes() == 0 || size == event.bytes())
                && (event.match().isEmpty() || value == event.match().getAsLong());
        if (rings) {
            doorbell.bell.signal();
        }
        return rings;
    }

    @Override
    public Connection coalesce(IoEvent.Space space, long address, long bytes) {
        IoBus bus = bus(space);
        return once(bus.tap(address, bytes, gathered.zone(space, bus)));
    }

    @Override
    public List<CoalescedWrite> takeCoalesced() {
        return gathered.take();
    }

    private static Connection once(Runnable disconnect) {
        AtomicBoolean done = new AtomicBoolean();
        return () -> {
            if (done.compareAndSet(false, true)) {
                disconnect.run();
            }
        };
    }

    // ---- the end ----

    /// Ends all connections. No vCPU runs.
    public void close() {
        Thread ending;
        synchronized (this) {
            closing = true;
            ending = server;
            if (changed != null) {
                changed.signal();
            }
        }
        if (ending != null) {
            HostThread.join(ending);
            changed.close();
        }
        retired.forEach(Irqfd::release);
        triggers.forEach(trigger -> trigger.irqfd.release());
        doorbells.forEach(doorbell -> doorbell.bell.close());
        unhung.forEach(EventFd::close);
    }
}
