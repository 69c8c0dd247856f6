// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.Optional;
import org.javisor.memory.DirtyRing;
import org.javisor.vmm.irq.LapicState;
import org.javisor.vmm.stats.Statistics;

/// One virtual processor of a [Vm].
///
/// One thread at a time runs it; while it runs, only [#kick], [#injectNmi], [#requestInterruptWindow], [#stats] and
/// [#statistics] may be called from others. Everything else needs a vCPU that is not running, or a machine that is
/// paused ([Vm#pause]).
public interface Vcpu {
    /// Its number in the machine, which is also its APIC id.
    int id();

    /// Runs guest code until something happens that the machine cannot answer by itself. In a machine with interrupt
    /// chips, a halted processor and one that waits for its start-up IPI wait inside. While the machine is paused, this
    /// blocks.
    ///
    /// @throws VcpuBusyException if another thread runs it
    VmExit run();

    /// Gives the value that the guest reads, after [VmExit.PortRead], [VmExit.MmioRead] or [VmExit.MsrRead], or what
    /// its call returns, after [VmExit.MapGpaRange]; does nothing after other exits. Of wider values the guest gets the
    /// low bytes.
    void completeRead(long value);

    /// Answers [VmExit.MsrRead] or [VmExit.MsrWrite] by #GP(0).
    void refuse();

    /// Makes [#run] return [VmExit.Interrupted] soon: the run that is under way, or else the next one, which ends the
    /// instruction of an access that has been left for and executes nothing else (`immediate_exit`). Interrupting its
    /// thread does the same, for as long as the thread's interrupt status is set.
    void kick();

    /// Signals a non-maskable interrupt.
    void injectNmi();

    /// Signals a system management interrupt (`KVM_SMI`). Any thread. This and [#smi] need
    /// [Capability#SYSTEM_MANAGEMENT_MODE].
    default void injectSmi() {
        throw new UnsupportedOperationException("this engine has no system management mode");
    }

    /// Reports a hardware error (`KVM_X86_SET_MCE`): see [MachineCheckError] for what becomes of it.
    ///
    /// @throws IllegalArgumentException if the processor has no such bank
    default void injectMachineCheck(MachineCheckError error) {
        throw new UnsupportedOperationException("this engine reports no hardware errors");
    }

    /// What it has of system management mode.
    default SmiState smi() {
        throw new UnsupportedOperationException("this engine has no system management mode");
    }

    /// Takes over what [#smi] gave. The registers are those of the mode, or not, as its state says: who restores a vCPU
    /// sets this first.
    default void smi(SmiState state) {
        throw new UnsupportedOperationException("this engine has no system management mode");
    }

    /// Whether it is in system management mode. Any thread; another than that which runs it may see what was a little
    /// ago.
    default boolean inSystemManagement() {
        return false;
    }

    /// Whether the calling thread runs it: a device asks whose access it answers.
    default boolean isRunByThisThread() {
        return false;
    }

    /// Interrupts a processor whose PIC is the owner's ([Irqchip#NONE], [Irqchip#SPLIT]): the acknowledged vector is
    /// delivered before the next instruction (`KVM_INTERRUPT`).
    ///
    /// @param vector 0 to 255
    /// @throws IllegalStateException if the processor is not [#readyForInterrupt], or the
    ///     machine has a PIC of its own
    void injectInterrupt(int vector);

    /// Whether an interrupt would be taken before the next instruction.
    boolean readyForInterrupt();

    /// Has [#run] return [VmExit.InterruptWindow] as soon as the processor is [#readyForInterrupt], or no longer. Where
    /// the PIC is the owner's.
    void requestInterruptWindow(boolean wanted);

    /// Its registers: one object for as long as the vCPU lives, through which they are read and written.
    Registers registers();

    /// What waits to be delivered, and what holds that back (`KVM_GET_VCPU_EVENTS`).
    VcpuEvents events();

    /// Takes over what [#events] gave.
    ///
    /// @throws IllegalArgumentException if there is nothing that could hold it: NMIs and start-up vectors in a machine
    ///     without interrupt chips
    void events(VcpuEvents events);

    /// An INIT that waits is taken first, which changes registers: whoever saves a processor begins with this.
    MpState mpState();

    /// @throws IllegalArgumentException for a state that only processors with interrupt chips have
    void mpState(MpState state);

    /// The local APIC's registers.
    ///
    /// @throws IllegalStateException in a machine without interrupt chips
    LapicState lapic();

    /// Takes over what [#lapic] gave.
    ///
    /// @throws IllegalArgumentException if no local APIC can hold it
    void lapic(LapicState state);

    /// How fast the time stamp counter is, in kHz.
    int tscKhz();

    /// Gives the time stamp counter another speed; best before the guest first looks (`KVM_SET_TSC_KHZ`).
    ///
    /// @throws InvalidRegisterException if the engine has no such speed
    void tscKhz(int khz);

    /// Tells a guest that uses KVM's clock that it was stopped, so that its watchdogs do not take it for hung
    /// (`KVM_KVMCLOCK_CTRL`). [Vm#resume] does so for all vCPUs.
    ///
    /// @return whether it uses the clock
    boolean guestStopped();

    /// What has been added to this vCPU's time stamp counter, by its owner and by the guest. The same for all vCPUs of
    /// a machine at first, so that their counters agree; only differences have a meaning.
    long tscOffset();

    /// Adds something else (`KVM_VCPU_TSC_OFFSET`), in ticks of the counter; IA32_TSC_ADJUST stays as it is.
    ///
    /// @param offset as of [#tscOffset()]
    void tscOffset(long offset);

    /// What the guest has written, by page; empty where logs are bitmaps ([EnabledCaps#dirtyRing]).
    Optional<DirtyRing> dirtyRing();

    /// Has [#run] return [VmExit.Debug] for steps and breakpoints, in place of what was asked for before.
    void debug(GuestDebug wanted);

    /// What the processor has of guests of its guest's, as the host's kernel lays it out (`KVM_GET_NESTED_STATE`).
    ///
    /// @throws UnsupportedOperationException without [Capability#NESTED_STATE]
    default byte[] nestedState() {
        throw new UnsupportedOperationException("this engine offers guests no virtualization of their own");
    }

    /// Takes over what [#nestedState()] gave on a host like this one.
    ///
    /// @throws UnsupportedOperationException without [Capability#NESTED_STATE]
    /// @throws IllegalArgumentException if the host's processor cannot hold it
    default void nestedState(byte[] state) {
        throw new UnsupportedOperationException("this engine offers guests no virtualization of their own");
    }

    /// The guest-physical address of a linear one with the present page tables, whatever the rights; -1 if nothing is
    /// mapped there. Leaves no trace in the guest.
    long translate(long gva);

    /// Counters of what this processor did so far. Any thread.
    VcpuStats stats();

    /// Counters that describe themselves, with KVM's names where it has the same. Any thread.
    Statistics statistics();
}
