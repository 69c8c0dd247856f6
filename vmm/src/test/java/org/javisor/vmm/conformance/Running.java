// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import java.util.concurrent.CompletableFuture;
import java.util.function.IntSupplier;
import java.util.function.Predicate;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.VmExit;

/// A vCPU that runs on a thread of its own until it is stopped, or leaves for what nobody answers.
final class Running {
    private final Vcpu vcpu;
    private final CompletableFuture<VmExit> end = new CompletableFuture<>();

    /// @param answers sees to an exit on the vCPU's thread, and says whether it goes on
    Running(Vcpu vcpu, Predicate<VmExit> answers) {
        this.vcpu = vcpu;
        Thread.ofPlatform().daemon().start(() -> drive(answers));
    }

    Running(Vcpu vcpu) {
        this(vcpu, _ -> false);
    }

    private void drive(Predicate<VmExit> answers) {
        try {
            VmExit exit = vcpu.run();
            while (exit != VmExit.Interrupted.INSTANCE && answers.test(exit)) {
                exit = vcpu.run();
            }
            end.complete(exit);
        } catch (RuntimeException | Error e) {
            end.completeExceptionally(e);
        }
    }

    /// Waits until a counter of the guest's has gone on by so much.
    void awaitMore(IntSupplier counter, int more) {
        int from = counter.getAsInt();
        while (counter.getAsInt() - from < more) {
            if (end.isDone() || Thread.interrupted()) {
                throw new AssertionError(end.isDone() ? "ended with " + end.join() : "nothing happens any more");
            }
            Thread.yield();
        }
    }

    /// Waits until it leaves by itself.
    ///
    /// @return what it left with
    VmExit left() {
        return end.join();
    }

    /// Kicks it, if it has not left by itself.
    ///
    /// @return what it left with
    VmExit stop() {
        vcpu.kick();
        return end.join();
    }
}
