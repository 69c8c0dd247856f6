// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

/// Which interrupt chips a machine has of its own; its owner models the others.
public enum Irqchip {
    /// None: the owner interrupts processors ([Vcpu#injectInterrupt]).
    NONE,
    /// A local APIC for each processor. GSIs lead to messages; the owner's I/O APIC is told of ends of interrupts
    /// ([VmExit.EndOfInterrupt]), and his PIC injects what LINT0 lets through (`KVM_CAP_SPLIT_IRQCHIP`).
    SPLIT,
    /// Those of a PC: local APICs, an I/O APIC, the PIC pair, and the PIT.
    FULL
}
