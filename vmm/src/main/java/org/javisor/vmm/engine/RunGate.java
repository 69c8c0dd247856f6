// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.engine;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// The gate between the vCPUs of a machine and running: closed while the machine is paused.
///
/// A vCPU's thread says that it is inside and then looks at the gate; who closes the gate looks afterwards at who is
/// inside. Whatever the order, one sees the other. There is no lock.
final class RunGate {
    /// One vCPU's place at the gate.
    final class Pass {
        private volatile Thread inside;
        private volatile Thread waiting;

        /// Goes inside; blocks while the gate is closed.
        void enter() {
            inside = Thread.currentThread();
            while (closed()) {
                leave();
                waiting = Thread.currentThread();
                parkWhile(RunGate.this::closed);
                waiting = null;
                inside = Thread.currentThread();
            }
        }

        void leave() {
            inside = null;
            if (closed()) {
                closers.forEach(LockSupport::unpark);
            }
        }
    }

    private final AtomicInteger closed = new AtomicInteger();
    private volatile boolean abandoned;
    private final Set<Thread> closers = ConcurrentHashMap.newKeySet();
    private final List<Pass> passes = new CopyOnWriteArrayList<>();

    Pass newPass() {
        Pass pass = new Pass();
        passes.add(pass);
        return pass;
    }

    /// Whether a vCPU that is inside shall leave soon.
    boolean closed() {
        return closed.get() > 0 && !abandoned;
    }

    /// Closes the gate and waits until nobody is inside. Calls nest.
    ///
    /// @param hurry makes those who are inside look at the gate
    /// @throws IllegalStateException if the calling thread itself is inside
    void close(Runnable hurry) {
        Thread closer = Thread.currentThread();
        if (passes.stream().anyMatch(pass -> pass.inside == closer)) {
            throw new IllegalStateException("a vCPU's own thread cannot wait for it to stop");
        }
        closers.add(closer);
        shut(hurry);
        passes.forEach(pass -> parkWhile(() -> pass.inside != null));
        closers.remove(closer);
    }

    /// As [#close], but waits for nobody: a vCPU's own thread may call it, and stops with the instruction that it is
    /// at.
    void shut(Runnable hurry) {
        closed.getAndIncrement();
        hurry.run();
    }

    /// Lets everybody through although it is closed, for vCPUs that are to end, or no longer does.
    void abandon(boolean whether) {
        abandoned = whether;
        passes.forEach(pass -> LockSupport.unpark(pass.waiting));
    }

    /// Takes one [#close] or [#shut] back.
    void open() {
        if (closed.get() == 0) {
            throw new IllegalStateException("not paused");
        }
        if (closed.decrementAndGet() == 0) {
            passes.forEach(pass -> LockSupport.unpark(pass.waiting));
        }
    }

    /// Keeps the thread's interrupt status for later: an interrupt cannot cut the wait short.
    private void parkWhile(BooleanSupplier condition) {
        boolean interrupted = false;
        while (condition.getAsBoolean()) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
