// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.lang.invoke.VarHandle;
import org.javisor.host.HostMemory;

/// What is asked of a processor, by itself and by others, and how translated code is told.
///
/// @see Requests
final class Attention {
    private final Cpu cpu;
    private final long state;

    Attention(Cpu cpu) {
        this.cpu = cpu;
        this.state = cpu.state;
    }

    /// Asks something of the processor; from any thread.
    ///
    /// @param bits of [Requests]
    void request(int bits) {
        HostMemory.getAndBitwiseOrInt(state + CpuLayout.REQUESTS, bits);
        call();
    }

    /// Has host code stop and look around at its next poll; from any thread.
    ///
    /// Who asks something calls this *afterwards*. The processor's own thread first takes the call back, then looks at
    /// what is asked ([#answer]). So no request is lost: either the processor takes the call back before it comes,
    /// and it stands, or the processor takes it back after it came, and finds what was asked before.
    void call() {
        HostMemory.storeIntRelease(state + CpuLayout.ATTENTION, 1);
    }

    /// Takes back a call for attention, unless there is a request that would be taken now. One that is masked may wait:
    /// who opens the mask looks for it ([#interruptibilityChanged]). On the processor's own thread.
    void answer() {
        if (HostMemory.loadIntAcquire(state + CpuLayout.ATTENTION) != 0) {
            HostMemory.storeInt(state + CpuLayout.ATTENTION, 0);
            VarHandle.fullFence();
            callForRequests();
        }
    }

    private void callForRequests() {
        if ((requests() & mask()) != 0) {
            call();
        }
    }

    /// Takes back what was asked; from any thread.
    void cancel(int bits) {
        HostMemory.getAndBitwiseAndInt(state + CpuLayout.REQUESTS, ~bits);
    }

    /// What is being asked, taken or not.
    int requests() {
        return HostMemory.loadIntAcquire(state + CpuLayout.REQUESTS);
    }

    /// Whether one of the requests would be taken at once: a halted processor with one must run again.
    boolean runnable() {
        return (requests() & (cpu.reset.waiting() ? Requests.ALWAYS & ~Requests.SMI : mask())) != 0;
    }

    /// Whether a request would end HLT now. On the processor's own thread.
    boolean wakes() {
        int waking = Requests.INTERRUPT | Requests.NMI | Requests.SMI | Requests.INIT;
        return (requests() & mask() & waking) != 0;
    }

    /// The part of [Cpu#modeChanged] that a change of IF or [#nmiBlocked] alone needs.
    void interruptibilityChanged() {
        int taken = Requests.ALWAYS & ~(cpu.management.active() ? Requests.SMI | Requests.INIT | Requests.STARTUP : 0)
                | (cpu.nmiBlocked ? 0 : Requests.NMI)
                | ((cpu.systemFlags() & Flags.IF) != 0 ? Requests.INTERRUPT : 0);
        HostMemory.storeInt(state + CpuLayout.REQUEST_MASK, taken);
        callForRequests();
    }

    /// The requests that the processor would take now. Derived by [Cpu#modeChanged].
    int mask() {
        return HostMemory.loadInt(state + CpuLayout.REQUEST_MASK);
    }
}
