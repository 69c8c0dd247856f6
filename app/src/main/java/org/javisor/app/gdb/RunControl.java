// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.gdb;

import java.util.BitSet;
import java.util.List;
import java.util.function.BiConsumer;
import org.javisor.machine.Machine;
import org.javisor.vmm.GuestDebug;
import org.javisor.vmm.GuestDebug.Point;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmExit;

/// Stops and starts the vCPUs of a machine.
///
/// Stopped means that the whole machine is paused, its clock too. A vCPU that met a breakpoint waits in [#stopped], on
/// its own thread, until it is let go; so does one that is to stay where it is while others run.
final class RunControl implements Machine.Debugger {
    private final Vm vm;
    private final BiConsumer<Vcpu, VmExit.Debug> listener;
    /// By vCPU: waits in [#stopped] when it gets there. Guarded by this.
    private final BitSet held = new BitSet();
    private boolean released;
    private boolean paused;

    /// @param paused   whether the machine has been paused for the debugger already
    /// @param listener told of steps and breakpoints, on the vCPU's thread; its vCPU does not go on by itself
    RunControl(Vm vm, boolean paused, BiConsumer<Vcpu, VmExit.Debug> listener) {
        this.vm = vm;
        this.paused = paused;
        this.listener = listener;
    }

    @Override
    public void stopped(Vcpu vcpu, VmExit exit) {
        synchronized (this) {
            if (exit instanceof VmExit.Debug && !released) {
                held.set(vcpu.id());
            }
        }
        if (exit instanceof VmExit.Debug debug) {
            listener.accept(vcpu, debug);
        }
        synchronized (this) {
            while (held.get(vcpu.id()) && !released) {
                waitUninterruptibly();
            }
        }
    }

    private void waitUninterruptibly() {
        try {
            wait();
        } catch (InterruptedException e) {
            // A vCPU's thread is interrupted by nobody; what ends the wait is `released`.
        }
    }

    /// Stops the machine, unless it is stopped; returns when no vCPU runs.
    void stop() {
        if (!paused) {
            vm.pause();
            paused = true;
        }
    }

    /// Lets vCPUs run, from stopped.
    ///
    /// @param running  by vCPU: runs; the others stay where they are
    /// @param stepping by vCPU: makes one step
    void resume(BitSet running, BitSet stepping, List<Point> points) {
        for (Vcpu vcpu : vm.vcpus()) {
            int id = vcpu.id();
            vcpu.debug(new GuestDebug(stepping.get(id), true, points));
        }
        synchronized (this) {
            for (Vcpu vcpu : vm.vcpus()) {
                held.set(vcpu.id(), !running.get(vcpu.id()));
                if (held.get(vcpu.id())) {
                    vcpu.kick();
                }
            }
            notifyAll();
        }
        paused = false;
        vm.resume();
    }

    /// Lets everything run as if there had never been a debugger. From stopped.
    void detach() {
        vm.vcpus().forEach(vcpu -> vcpu.debug(GuestDebug.OFF));
        synchronized (this) {
            held.clear();
            notifyAll();
        }
        paused = false;
        vm.resume();
    }

    /// The machine ends, or there will be no client any more: nobody is held.
    synchronized void release() {
        released = true;
        notifyAll();
    }
}
