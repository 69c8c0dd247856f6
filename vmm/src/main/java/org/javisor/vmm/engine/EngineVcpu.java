// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.engine;

import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.VcpuBusyException;
import org.javisor.vmm.VmExit;

/// A vCPU of whatever executes it: who runs it, what ends a run, and where one waits while the machine is paused.
///
/// Whoever asks something of a processor leaves word and then hurries it. Its thread listens, and then looks at what
/// there is: so a request is either seen, or ends what the thread does next.
public abstract class EngineVcpu implements Vcpu {
    /// How long it is waited for the end of a run before it is kicked again, in nanoseconds.
    private static final long LOOK_AGAIN = 200_000;

    private final EngineVm vm;
    private final int id;
    private final RunCounters counters = new RunCounters();
    private final RunGate.Pass pass;
    private final AtomicReference<Thread> runner = new AtomicReference<>();
    private final InterruptWatch interrupts = new InterruptWatch(this::hurry);
    private volatile boolean kicked;
    private volatile boolean retired;

    protected EngineVcpu(EngineVm vm, int id) {
        this.vm = vm;
        this.id = id;
        this.pass = vm.gate().newPass();
    }

    // ---- what an engine does, in the order of a run ----

    /// A run begins, on the calling thread.
    ///
    /// @return what the caller has to be told before anything is executed, or null
    protected abstract VmExit begin();

    /// From here on [#hurry] cuts the next [#step] short.
    protected abstract void listen();

    /// What there is to tell without executing anything, or null.
    protected abstract VmExit waiting();

    /// Ends the instruction that it has left in the middle of, if any, without executing more.
    ///
    /// @return what that instruction wants besides, or null
    protected abstract VmExit endInstruction();

    /// Executes guest code once, or waits for something to execute.
    ///
    /// @return what the caller of [#run] is told, or null when the processor is to go on
    protected abstract VmExit step();

    /// Executes guest code; called by [#watched].
    ///
    /// @return why it stopped, in the engine's words
    protected abstract int execute();

    /// The run is over.
    protected abstract void end();

    /// Makes a run under way look at what there is to do. Any thread.
    protected abstract void hurry();

    // ---- running ----

    @Override
    public final VmExit run() {
        Thread other = runner.compareAndExchange(null, Thread.currentThread());
        if (other != null) {
            throw new VcpuBusyException(id, other);
        }
        if (retired) {
            runner.set(null);
            requireOpen();
        }
        pass.enter();
        counters.running();
        try {
            VmExit rest = begin();
            return rest != null ? rest : untilExit();
        } finally {
            end();
            counters.ran();
            pass.leave();
            runner.set(null);
        }
    }

    private VmExit untilExit() {
        while (true) {
            listen();
            if (takeKick()) {
                VmExit more = endInstruction();
                kicked |= more != null;
                return more == null ? VmExit.Interrupted.INSTANCE : more;
            }
            VmExit exit = waiting();
            if (exit == null) {
                exit = vm.gate().closed() ? waitAtGate() : step();
            }
            if (exit != null) {
                return exit;
            }
        }
    }

    private boolean takeKick() {
        if (Thread.currentThread().isInterrupted()) {
            return true;
        }
        boolean was = kicked;
        kicked = false;
        return was;
    }

    private VmExit waitAtGate() {
        counters.ran();
        pass.leave();
        pass.enter();
        counters.running();
        return null;
    }

    /// [#execute], which an interrupt of the thread ends.
    protected final int watched() {
        interrupts.begin();
        try {
            return execute();
        } finally {
            interrupts.end();
        }
    }

    @Override
    public void kick() {
        kicked = true;
        hurry();
    }

    /// Ends a run that is under way, and lets none begin any more.
    ///
    /// @throws IllegalStateException on the thread that runs it
    final void retire() {
        if (isRunByThisThread()) {
            throw new IllegalStateException("a vCPU's own thread cannot close its machine");
        }
        retired = true;
        while (runner.get() != null) {
            kick();
            LockSupport.parkNanos(LOOK_AGAIN);
        }
    }

    /// What the processor holds is gone when its machine is closed.
    ///
    /// @throws IllegalStateException if it is
    protected final void requireOpen() {
        if (retired) {
            throw new IllegalStateException("the machine of vCPU " + id + " is closed");
        }
    }

    // ---- what engines need ----

    @Override
    public final int id() {
        return id;
    }

    protected final EngineVm vm() {
        return vm;
    }

    protected final RunCounters counters() {
        return counters;
    }

    @Override
    public boolean isRunByThisThread() {
        return runner.get() == Thread.currentThread();
    }
}
