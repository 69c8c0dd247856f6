// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import org.javisor.cpu.Backdoor;
import org.javisor.cpu.Cpu;
import org.javisor.cpu.MsrTable;
import org.javisor.memory.MemorySlot;
import org.javisor.vmm.Registers;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.irq.LazyEoi;
import org.javisor.vmm.irq.SyntheticVectors;
import org.javisor.vmm.pv.GuestInterface;
import org.javisor.vmm.pv.HvProcessor;
import org.javisor.vmm.pv.KvmHypercalls;
import org.javisor.vmm.pv.KvmProcessor;
import org.javisor.vmm.pv.PvProcessor;
import org.javisor.vmm.pv.VmwareBackdoor;

/// The paravirtual interfaces of one software processor, and that processor as they see it. On its thread.
final class ParavirtVcpu implements PvProcessor {
    /// CR0.PE.
    private static final int PROTECTED = 1;
    private static final long LOW = 0xffff_ffffL;

    private final Paravirt machine;
    private final SoftwareVcpu vcpu;
    private final Cpu cpu;
    private final InterruptWiring wiring;
    private final SchedulerDelay delay = new SchedulerDelay();
    /// Null where it is not offered.
    private final KvmProcessor kvm;
    /// Null where it is not offered.
    private final HvProcessor hyperv;
    /// Null where it is not offered.
    private final VmwareBackdoor backdoor;
    private final HypervRegisters hypervRegisters;

    ParavirtVcpu(Paravirt machine, SoftwareVcpu vcpu, Cpu cpu, InterruptWiring wiring) {
        this.machine = machine;
        this.vcpu = vcpu;
        this.cpu = cpu;
        this.wiring = wiring;
        this.kvm = machine.offers(GuestInterface.KVM)
                ? new KvmProcessor(machine, this, machine.wallClock()) : null;
        this.hyperv = machine.hyperv() == null ? null : new HvProcessor(machine.hyperv(), this);
        this.backdoor = machine.offers(GuestInterface.VMWARE) ? new VmwareBackdoor(machine, this) : null;
        this.hypervRegisters = new HypervRegisters(machine.memory(), cpu, vcpu.registers());
        wiring.paravirt(this);
    }

    // ---- what happens to the processor ----

    /// Executes a call that the guest made with the registers as they are. Every guest may try.
    ///
    /// @return what the machine's owner is told, who may [answer][#answer], or null
    VmExit call(Registers registers) {
        if (callsHyperv()) {
            hypervRegisters.result(machine.hypervCalls().call(hypervRegisters));
            return null;
        }
        boolean wide = cpu.in64BitMode();
        long mask = wide ? -1 : LOW;
        long number = registers.general(Registers.RAX) & mask;
        long a0 = registers.general(Registers.RBX) & mask;
        long a1 = registers.general(Registers.RCX) & mask;
        long a2 = registers.general(Registers.RDX) & mask;
        long result = machine.kvm().call(this, registers.cpl(), wide, number, a0, a1, a2,
                registers.general(Registers.RSI) & mask);
        registers.general(Registers.RAX, result & mask);
        boolean owners = number == KvmHypercalls.MAP_GPA_RANGE && result == 0 && machine.hypercallsExit();
        return owners ? new VmExit.MapGpaRange(a0, a1, a2) : null;
    }

    /// Has the call that the machine's owner was told of return `result`.
    void answer(Registers registers, long result) {
        registers.general(Registers.RAX, cpu.in64BitMode() ? result : result & LOW);
    }

    private boolean callsHyperv() {
        return hyperv != null && machine.hyperv().takesCalls();
    }

    /// Whether a call may be made at all. Hyper-V's may not by others than the kernel, nor in real mode.
    boolean takesCalls(Registers registers) {
        return !callsHyperv() || registers.cpl() == 0 && (registers.paging().cr0() & PROTECTED) != 0;
    }

    void tscChanged() {
        if (kvm != null) {
            kvm.tscChanged();
        }
        if (hyperv != null) {
            hyperv.tscChanged();
        }
    }

    /// As of [org.javisor.vmm.Vcpu#guestStopped].
    boolean guestStopped() {
        return kvm != null && kvm.guestStopped();
    }

    /// Null where it is not offered.
    Backdoor backdoor() {
        return backdoor;
    }

    /// How long it is until a timer expires, in nanoseconds.
    long untilTimer() {
        return hyperv == null ? Long.MAX_VALUE : hyperv.untilTimer();
    }

    /// As of [org.javisor.cpu.CpuEnvironment#tellAbsent].
    int tellAbsent(MemorySlot slot, long gpa, boolean user) {
        return kvm == null ? 0 : kvm.tellAbsent(slot, gpa, user);
    }

    /// Whether its thread may look for work before it sleeps.
    boolean allowsPolling() {
        return kvm == null || kvm.allowsPolling();
    }

    /// The processor goes to sleep.
    void away() {
        if (kvm != null) {
            kvm.away();
        }
    }

    /// The processor is back.
    ///
    /// @return whether it has to forget its translations
    boolean back() {
        return kvm != null && kvm.back();
    }

    /// It has taken an interrupt: a moment to bring accounts up to date.
    void interrupted() {
        if (kvm != null) {
            kvm.running();
        }
    }

    void reset() {
        if (kvm != null) {
            kvm.reset();
        }
        if (hyperv != null) {
            hyperv.reset();
        }
    }

    void close() {
        delay.close();
    }

    // ---- the processor ----

    @Override
    public MsrTable msrs() {
        return cpu.msrs();
    }

    @Override
    public long tscOf(long machineTsc) {
        return cpu.tsc().at(machineTsc);
    }

    @Override
    public int tscKhz() {
        return cpu.tsc().khz();
    }

    @Override
    public int index() {
        return vcpu.id();
    }

    @Override
    public long executedNanos() {
        return delay.executedNanos();
    }

    @Override
    public long stolenNanos() {
        return delay.nanos();
    }

    @Override
    public void lazyEndOfInterrupt(LazyEoi area) {
        wiring.apic().lazyEndOfInterrupt(area);
    }

    @Override
    public void syntheticVectors(SyntheticVectors controller) {
        wiring.apic().syntheticVectors(controller);
    }

    @Override
    public void endOfInterrupt() {
        wiring.apic().endOfInterrupt();
    }

    @Override
    public long interruptCommand() {
        return wiring.apic().command();
    }

    @Override
    public void interruptCommand(long value) {
        wiring.apic().send(value);
    }

    @Override
    public int taskPriority() {
        return wiring.apic().tpr();
    }

    @Override
    public void taskPriority(int value) {
        wiring.apic().tpr(value);
    }

    @Override
    public boolean accessedByOwner() {
        return !vcpu.executing();
    }

    @Override
    public void idle() {
        vcpu.idle();
    }
}
