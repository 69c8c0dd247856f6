// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.javisor.host.HostThread;

/// Runs a machine until it ends: each vCPU on a platform thread of its own, with resets in between.
///
/// [#run] blocks the calling thread, which also does the resets; [#reset] and [#stop] only ask for it, so that devices
/// may call them from a vCPU's thread in the middle of an access.
public final class VmRunner {
    /// How a run ended.
    public sealed interface Outcome {
        /// Somebody called [#stop].
        ///
        /// @param status what they said, for the exit status of a command
        /// @param reason what they said, for people
        record Stopped(int status, String reason) implements Outcome { }

        /// A triple fault that the [ExitHandler] did not want to answer with a reset.
        record TripleFault(int vcpu, long rip) implements Outcome { }

        /// A bug of the hypervisor's.
        record Failed(int vcpu, String reason) implements Outcome { }
    }

    private sealed interface Request {
        record Reset() implements Request { }

        record Wake() implements Request { }

        record End(Outcome outcome) implements Request { }
    }

    private final Vm vm;
    private final ExitHandler handler;
    private final BlockingQueue<Request> requests = new LinkedBlockingQueue<>();
    private final AtomicBoolean resetAsked = new AtomicBoolean();
    private final AtomicBoolean asleep = new AtomicBoolean();
    /// Guards what vCPUs that cannot go on wait for.
    private final Object decision = new Object();
    private int resets;
    private volatile boolean ending;

    /// @param vm      with its processors, none of which runs
    /// @param handler sees to what the machine cannot answer
    public VmRunner(Vm vm, ExitHandler handler) {
        this.vm = vm;
        this.handler = handler;
    }

    /// Runs the machine's vCPUs, from the state that they are in, until it ends.
    ///
    /// If the calling thread is interrupted the machine is stopped, and the interrupt status kept.
    public Outcome run() {
        List<Thread> threads = new ArrayList<>();
        for (Vcpu vcpu : vm.vcpus()) {
            threads.add(Thread.ofPlatform().name("javisor-vcpu-" + vcpu.id()).daemon().start(() -> drive(vcpu)));
        }
        Outcome outcome = serve();
        end();
        vm.vcpus().forEach(Vcpu::kick);
        vm.letOut(true);
        threads.forEach(HostThread::join);
        vm.letOut(false);
        return outcome;
    }

    /// Asks for a reset of the whole machine; any thread.
    public void reset() {
        if (resetAsked.compareAndSet(false, true)) {
            requests.add(new Request.Reset());
        }
    }

    /// Puts the machine to sleep: its processors stop, that on whose thread this is called at once, until [#wake] or a
    /// reset. Time and devices go on. Any thread.
    public void sleep() {
        if (asleep.compareAndSet(false, true)) {
            vm.sleep();
        }
    }

    /// Asks that a machine that sleeps be woken; any thread.
    public void wake() {
        requests.add(new Request.Wake());
    }

    /// Asks for the end of [#run]; any thread. The first to ask decides the outcome.
    public void stop(Outcome outcome) {
        requests.add(new Request.End(outcome));
    }

    private Outcome serve() {
        while (true) {
            try {
                switch (requests.take()) {
                    case Request.Reset _ -> restart(handler::reset);
                    case Request.Wake _ -> {
                        if (asleep.get()) {
                            restart(handler::wake);
                        }
                    }
                    case Request.End(Outcome outcome) -> {
                        return outcome;
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return new Outcome.Stopped(0, "interrupted");
            }
        }
    }

    private void restart(Runnable devices) {
        vm.pause();
        vm.reset();
        devices.run();
        synchronized (decision) {
            resetAsked.set(false);
            resets++;
            decision.notifyAll();
        }
        vm.resume();
        if (asleep.compareAndSet(true, false)) {
            vm.wake();
        }
    }

    private void end() {
        synchronized (decision) {
            ending = true;
            decision.notifyAll();
        }
    }

    private void drive(Vcpu vcpu) {
        HostThread.wakePunctually();
        try {
            while (!ending) {
                int seen = resetsSeen();
                dispatch(vcpu, vcpu.run(), seen);
            }
        } catch (RuntimeException | Error e) {
            stop(new Outcome.Failed(vcpu.id(), String.valueOf(e)));
            throw e;
        }
    }

    private void dispatch(Vcpu vcpu, VmExit exit, int seen) {
        switch (exit) {
            case VmExit.Interrupted _, VmExit.Debug _ -> handler.debug(vcpu, exit);
            case VmExit.Shutdown shutdown -> shutDown(vcpu, shutdown, seen);
            case VmExit.InternalError(long rip, String reason) -> {
                stop(new Outcome.Failed(vcpu.id(), String.format("%s at RIP 0x%x", reason, rip)));
                awaitDecision(seen);
            }
            case VmExit.FailEntry(long rip, long reason, int _) -> {
                stop(new Outcome.Failed(vcpu.id(), String.format(
                        "the host's processor does not enter the guest, for reason 0x%x, at RIP 0x%x", reason, rip)));
                awaitDecision(seen);
            }
            case VmExit.SystemEvent event -> systemEvent(vcpu, event);
            // Nothing is lost: the ring is harvested by whoever reads it, and then reset.
            case VmExit.DirtyRingFull _ -> Thread.yield();
            case VmExit.Halt _, VmExit.Hypercall _, VmExit.MapGpaRange _, VmExit.InterruptWindow _,
                    VmExit.EndOfInterrupt _, VmExit.BusLock _, VmExit.MsrRead _, VmExit.MsrWrite _, VmExit.PortRead _,
                    VmExit.PortWrite _, VmExit.MmioRead _, VmExit.MmioWrite _ -> handler.exit(vcpu, exit);
        }
    }

    private void systemEvent(Vcpu vcpu, VmExit.SystemEvent event) {
        switch (event.kind()) {
            case SHUTDOWN -> stop(new Outcome.Stopped(0, "the guest has shut down"));
            case RESET -> reset();
            case CRASH, OTHER -> handler.exit(vcpu, event);
        }
    }

    private int resetsSeen() {
        synchronized (decision) {
            return resets;
        }
    }

    /// @param seen resets before the vCPU ran
    private void shutDown(Vcpu vcpu, VmExit.Shutdown shutdown, int seen) {
        if (resetComes(seen)) {
            awaitDecision(seen);
            return;
        }
        switch (handler.shutdown(vcpu, shutdown)) {
            case RESET -> reset();
            case STOP -> stop(new Outcome.TripleFault(vcpu.id(), shutdown.rip()));
        }
        awaitDecision(seen);
    }

    /// Whether the machine has been asked to reset before the vCPU got to where it is: what it did since then has not
    /// happened. Firmware resets by the keyboard controller, and then in other ways, because it expects not to get
    /// there.
    private boolean resetComes(int seen) {
        synchronized (decision) {
            return resetAsked.get() || resets != seen;
        }
    }

    /// Keeps a vCPU that cannot go on from running until the machine is reset or ends.
    private void awaitDecision(int resetsSeen) {
        synchronized (decision) {
            while (!ending && resets == resetsSeen) {
                waitUninterruptibly();
            }
        }
    }

    private void waitUninterruptibly() {
        try {
            decision.wait();
        } catch (InterruptedException e) {
            // Nobody has a reason to interrupt a vCPU's thread; what ends it is `ending`.
        }
    }
}
