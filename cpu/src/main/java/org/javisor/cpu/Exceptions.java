// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Exceptions and interrupts on their way into the guest. Called by the run loop, between instructions.
final class Exceptions {
    private final Cpu cpu;

    Exceptions(Cpu cpu) {
        this.cpu = cpu;
    }

    /// Delivers a fault of the instruction at RIP (RIP is already back at its start), and what delivery itself leads
    /// to, up to a triple fault.
    ///
    /// @return [CpuExit#NONE], or [CpuExit#SHUTDOWN]
    int deliver(GuestFault fault) {
        cpu.fail("no delivery of exception " + fault.vector);
        return CpuExit.INTERNAL_ERROR;
    }

    /// Serves the most important of the requests that may be taken now.
    ///
    /// @param pending bits of [Requests#ARCHITECTURAL], not empty
    /// @return [CpuExit#NONE] or an exit
    int interrupt(int pending) {
        cpu.fail("no delivery of interrupts");
        return CpuExit.INTERNAL_ERROR;
    }
}
