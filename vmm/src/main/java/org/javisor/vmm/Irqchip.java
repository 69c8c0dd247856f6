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
    FULL,
    /// As [#FULL], but the engine's own where it has some: with KVM they are in the kernel (`KVM_CREATE_IRQCHIP`,
    /// `KVM_CREATE_PIT2`), and so are irqfds. Nobody hears the PIT's tone then, and nobody stands in for its wire, so
    /// that boards with an HPET have no use for it.
    KERNEL
}
