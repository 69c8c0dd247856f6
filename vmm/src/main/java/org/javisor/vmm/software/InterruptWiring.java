// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import org.javisor.cpu.Cpu;
import org.javisor.cpu.CpuFeature;
import org.javisor.cpu.CpuidModel;
import org.javisor.cpu.InterruptController;
import org.javisor.cpu.Requests;
import org.javisor.memory.IoBus;
import org.javisor.vmm.Irqchip;
import org.javisor.vmm.engine.EngineVm;
import org.javisor.vmm.engine.RunCounters;
import org.javisor.vmm.events.InterruptDeliveredEvent;
import org.javisor.vmm.irq.ApicBase;
import org.javisor.vmm.irq.LocalApic;
import org.javisor.vmm.irq.ProcessorPins;

/// What is between a software processor and its local APIC: the processor's pins on one side, the interrupt controller
/// that it asks on the other.
final class InterruptWiring implements ProcessorPins, InterruptController {
    private static final int NMI_VECTOR = 2;

    private final EngineVm vm;
    private final Cpu cpu;
    private final WakeSignal wake;
    private final RunCounters counters;
    private final LocalApic apic;
    private final ApicBase base;
    private final AtomicInteger nmis = new AtomicInteger();
    /// Told of interrupts, on the processor's thread; null until it is there.
    private ParavirtVcpu paravirt;
    private final OwnersInterrupts owner;
    /// Vectors whose ends the machine's owner has not been told of; on the processor's thread.
    private final Queue<Integer> ended = new ArrayDeque<>();

    InterruptWiring(EngineVm vm, int id, Cpu cpu, IoBus mmio, WakeSignal wake, RunCounters counters,
            OwnersInterrupts owner) {
        this.owner = owner;
        this.vm = vm;
        this.cpu = cpu;
        this.wake = wake;
        this.counters = counters;
        CpuidModel cpuid = vm.config().cpuid();
        this.apic = vm.chips().newLocalApic(id, this);
        this.base = new ApicBase(apic, mmio, cpu.msrs(), cpuid.physicalAddressBits(),
                cpuid.has(CpuFeature.X2APIC));
        if (cpuid.has(CpuFeature.TSC_DEADLINE)) {
            base.defineTscDeadline();
        }
    }

    /// Power-on. The boot processor's pins are connected as firmware would.
    void reset() {
        nmis.set(0);
        base.reset();
        if (apic.id() == 0) {
            apic.connectVirtualWire();
        }
    }

    void close() {
        vm.chips().remove(apic);
    }

    /// Makes the processor's interrupt request say what the APIC has to deliver now: a wire may have been let go since.
    void refresh() {
        apic.refresh();
    }

    LocalApic apic() {
        return apic;
    }

    void forgetNmis() {
        nmis.set(0);
    }

    /// How long it is until the APIC's timer expires, in nanoseconds.
    long untilTimer() {
        return apic.untilTimer();
    }

    void tscChanged() {
        apic.tscChanged();
    }

    /// Names who is told of interrupts; before the processor runs.
    void paravirt(ParavirtVcpu interfaces) {
        paravirt = interfaces;
    }

    /// Whether the owner's PIC could interrupt the processor: the machine has none of its own, and the APIC lets it
    /// through.
    boolean takesOwnersInterrupts() {
        return isSplit() && apic.takesExternalInterrupts();
    }

    boolean isSplit() {
        return vm.config().irqchip() == Irqchip.SPLIT;
    }

    /// An end of interrupt that the owner has not been told of, or -1.
    int takeEnded() {
        return ended.isEmpty() ? -1 : ended.remove();
    }

    // ---- the APIC drives the processor ----

    @Override
    public void endOfInterrupt(int vector) {
        ended.add(vector);
        cpu.request(Requests.KICK);
    }

    @Override
    public void raiseInterrupt() {
        request(Requests.INTERRUPT);
    }

    @Override
    public void dropInterrupt() {
        if (owner.wantsWindow() && takesOwnersInterrupts()) {
            cpu.request(Requests.INTERRUPT);
        } else {
            cpu.cancel(Requests.INTERRUPT);
        }
    }

    /// NMIs are not counted, but two that come before either is taken are two: the first is as good as being handled
    /// while the second waits.
    @Override
    public void nmi() {
        int most = cpu.nmiBlocked() ? 1 : 2;
        nmis.updateAndGet(n -> Math.min(n + 1, most));
        request(Requests.NMI);
    }

    @Override
    public boolean acknowledgeNmi() {
        int waiting = nmis.getAndUpdate(n -> Math.max(n - 1, 0));
        if (waiting > 1) {
            cpu.request(Requests.NMI);
        }
        if (waiting > 0) {
            counters.nmi();
            if (InterruptDeliveredEvent.on()) {
                InterruptDeliveredEvent.record(apic.id(), NMI_VECTOR, "NMI");
            }
        }
        return waiting > 0;
    }

    @Override
    public void smi() {
        request(Requests.SMI);
    }

    @Override
    public void init() {
        cpu.sendInit();
        wake.signal();
    }

    @Override
    public void startup(int vector) {
        cpu.startup(vector);
        wake.signal();
    }

    @Override
    public long tsc() {
        return cpu.tsc().value();
    }

    @Override
    public long tscNanos(long ticks) {
        return cpu.tsc().nanos(ticks);
    }

    private void request(int bits) {
        cpu.request(bits);
        wake.signal();
    }

    // ---- the processor asks the APIC ----

    @Override
    public int acknowledge() {
        if (owner.wantsWindow() && takesOwnersInterrupts()) {
            return LEAVE;
        }
        int vector = apic.acknowledge();
        if (vector >= 0) {
            counters.interrupted(vector);
            if (paravirt != null) {
                paravirt.interrupted();
            }
            vm.chips().taken();
        }
        return vector;
    }

    @Override
    public int taskPriority() {
        return apic.taskPriority();
    }

    @Override
    public void taskPriority(int cr8) {
        apic.taskPriority(cr8);
    }

    @Override
    public void performanceInterrupt() {
        apic.performanceInterrupt();
    }

    @Override
    public void machineCheckInterrupt() {
        apic.machineCheckInterrupt();
    }

    @Override
    public void initialize() {
        nmis.set(0);
        apic.initialize();
    }
}
