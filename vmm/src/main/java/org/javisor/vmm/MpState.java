// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

/// What a processor of a multiprocessor machine is at (`KVM_GET_MP_STATE`).
public enum MpState {
    /// It executes instructions.
    RUNNABLE,
    /// It has not been started since power-on, and waits for INIT and a start-up IPI.
    UNINITIALIZED,
    /// It has taken an INIT and waits for a start-up IPI.
    INIT_RECEIVED,
    /// It has executed HLT, and waits for an interrupt. In machines with interrupt chips.
    HALTED,
    /// A start-up IPI has come; it begins at its vector when it runs.
    SIPI_RECEIVED
}
