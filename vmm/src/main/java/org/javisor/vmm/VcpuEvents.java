// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.Objects;
import java.util.Optional;

/// What a vCPU has between two instructions that is in no register: events that wait, and what holds events back
/// (`KVM_GET_VCPU_EVENTS`). Immutable: each `with` method gives another.
///
/// @param exception       one that is to be delivered before the next instruction
/// @param interrupt       a vector that has been acknowledged, and is to be delivered before the next instruction
/// @param shadow          whether the last instruction was STI, MOV SS or POP SS, which hold interrupts back until the
///     next is done
/// @param nmiPending      whether an NMI waits
/// @param nmiMasked       whether an NMI is being handled, so that another waits for IRET
/// @param startupVector   of the last start-up IPI, 0 to 255
/// @param tripleFault     whether the next run leaves with [VmExit.Shutdown]: a machine check that could not be taken,
///     for one. Needs [Capability#TRIPLE_FAULT_EVENT]; without it a triple fault is neither told nor kept
public record VcpuEvents(Optional<PendingException> exception, Optional<Integer> interrupt, boolean shadow,
        boolean nmiPending, boolean nmiMasked, int startupVector, boolean tripleFault) {
    /// Nothing waits, and nothing is held back.
    public static final VcpuEvents NONE =
            new VcpuEvents(Optional.empty(), Optional.empty(), false, false, false, 0, false);

    /// @param vector    0 to 31, not 2
    /// @param errorCode of those that have one
    public record PendingException(int vector, Optional<Integer> errorCode) {
        public PendingException {
            if (vector < 0 || vector > 31 || vector == 2) {
                throw new IllegalArgumentException("no exception has vector " + vector);
            }
            Objects.requireNonNull(errorCode, "errorCode");
        }
    }

    public VcpuEvents {
        if (exception.isPresent() && interrupt.isPresent()) {
            throw new IllegalArgumentException("an exception and an interrupt cannot both be on their way");
        }
        if (interrupt.isPresent() && (interrupt.get() < 0 || interrupt.get() > 255)) {
            throw new IllegalArgumentException("no interrupt has vector " + interrupt.get());
        }
        if (startupVector < 0 || startupVector > 255) {
            throw new IllegalArgumentException("no start-up IPI has vector " + startupVector);
        }
    }

    public VcpuEvents withException(int vector, Optional<Integer> errorCode) {
        return new VcpuEvents(Optional.of(new PendingException(vector, errorCode)), Optional.empty(), shadow,
                nmiPending, nmiMasked, startupVector, tripleFault);
    }

    public VcpuEvents withInterrupt(int vector) {
        return new VcpuEvents(Optional.empty(), Optional.of(vector), shadow, nmiPending, nmiMasked, startupVector,
                tripleFault);
    }

    public VcpuEvents withShadow(boolean whether) {
        return new VcpuEvents(exception, interrupt, whether, nmiPending, nmiMasked, startupVector, tripleFault);
    }

    public VcpuEvents withNmi(boolean pending, boolean masked) {
        return new VcpuEvents(exception, interrupt, shadow, pending, masked, startupVector, tripleFault);
    }

    public VcpuEvents withTripleFault(boolean whether) {
        return new VcpuEvents(exception, interrupt, shadow, nmiPending, nmiMasked, startupVector, whether);
    }
}
