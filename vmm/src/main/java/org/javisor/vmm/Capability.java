// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

/// What an engine may or may not be able to do: asked for with [Hypervisor#capabilities], as `KVM_CHECK_EXTENSION` is.
/// What is not listed here every engine can do.
public enum Capability {
    /// Slots whose writes leave ([org.javisor.memory.GuestMemory#addSlot]).
    READ_ONLY_SLOTS,
    /// Dirty logs that are cleared by hand ([org.javisor.memory.GuestMemory#clearDirtyLog]).
    MANUAL_DIRTY_LOG,
    /// Dirty logs in rings, one for each vCPU ([EnabledCaps#dirtyRing]).
    DIRTY_RING,
    /// Interrupt chips of the machine's own ([Irqchip#FULL]).
    IRQCHIP,
    /// Local APICs only ([Irqchip#SPLIT]).
    SPLIT_IRQCHIP,
    /// Interrupt chips of the engine's own, which nothing here knows of ([Irqchip#KERNEL]).
    KERNEL_IRQCHIP,
    /// Interrupts from eventfds that are asserted until the guest has ended them.
    IRQFD_RESAMPLE,
    /// Doorbells that any width of write rings.
    IOEVENTFD_ANY_LENGTH,
    /// Gathering of writes to memory ([EventWiring#coalesce]).
    COALESCED_MMIO,
    /// Gathering of writes to ports.
    COALESCED_PIO,
    /// Accesses to model-specific registers that leave ([EnabledCaps#msrExits]).
    USER_SPACE_MSR,
    /// LOCKed accesses across cache lines that leave ([EnabledCaps#busLockExits]).
    BUS_LOCK_EXIT,
    /// Looking for work before a halted vCPU's thread sleeps ([EnabledCaps#haltPoll]).
    HALT_POLL,
    /// Registers that guests are kept from ([Vm#msrFilter]).
    MSR_FILTER,
    /// Time stamp counters of another speed ([Vcpu#tscKhz(int)]).
    TSC_CONTROL,
    /// Time stamp counters moved from outside ([Vcpu#tscOffset(long)]).
    TSC_OFFSET,
    /// A clock that can be set ([Vm#setClock]).
    ADJUST_CLOCK,
    /// Interrupts held back while single-stepping ([GuestDebug#holdsInterrupts]).
    DEBUG_BLOCK_INTERRUPTS,
    /// System management mode ([Vcpu#injectSmi], [org.javisor.memory.GuestMemory#management]).
    SYSTEM_MANAGEMENT_MODE,
    /// Triple faults that wait, told of and restored ([VcpuEvents#tripleFault]).
    TRIPLE_FAULT_EVENT,
    /// Calls for ranges of pages that leave ([EnabledCaps#hypercallExits]).
    EXIT_HYPERCALL,
    /// State of guests of a guest's ([Vcpu#nestedState]).
    NESTED_STATE,
    /// Translated guest code that can be listed ([Vm#listing]).
    LISTING
}
