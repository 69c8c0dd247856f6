// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

/// What the owner of a machine does about events that the machine cannot answer by itself.
public interface ExitHandler {
    /// What follows a triple fault.
    enum OnShutdown { RESET, STOP }

    /// A vCPU met a triple fault; its registers are as they were. Called on its thread.
    default OnShutdown shutdown(Vcpu vcpu, VmExit.Shutdown exit) {
        return OnShutdown.RESET;
    }

    /// Takes the devices back to their state after power-on, and puts into memory and registers what firmware or a boot
    /// protocol would. Called on the thread of [VmRunner#run] with every vCPU stopped, after chips and processors have
    /// been reset.
    default void reset() { }

    /// As [#reset], of a machine that slept: puts into registers what firmware would when it finds memory as the guest
    /// has left it.
    default void wake() {
        reset();
    }

    /// A step or a breakpoint that [Vcpu#debug] asked for, or ([VmExit.Interrupted]) a [Vcpu#kick], on the vCPU's
    /// thread: the vCPU goes on when this returns.
    default void debug(Vcpu vcpu, VmExit exit) { }

    /// An access that nothing claims, a hypercall, or a crash that the guest reports, on the vCPU's thread. Reads that
    /// are not completed give all-ones.
    default void exit(Vcpu vcpu, VmExit exit) { }
}
