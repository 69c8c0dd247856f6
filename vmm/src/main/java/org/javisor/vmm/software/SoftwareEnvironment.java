// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import org.javisor.cpu.Backdoor;
import org.javisor.cpu.CpuEnvironment;
import org.javisor.cpu.CpuGroup;
import org.javisor.cpu.InterruptController;
import org.javisor.host.ThreadClock;
import org.javisor.memory.Clock;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.IoBus;
import org.javisor.memory.MemorySlot;
import org.javisor.vmm.Registers;
import org.javisor.vmm.engine.EngineVm;

/// What a software processor is plugged into: its machine's memory, buses and time, and what interrupts it. On the
/// processor's thread.
final class SoftwareEnvironment implements CpuEnvironment {
    /// So many PAUSEs in a loop mean that what is waited for takes longer than another vCPU that runs would take.
    private static final int PATIENCE = 1_000;
    /// The longest that a loop around a PAUSE takes, in nanoseconds.
    private static final int LOOP = 1_000;

    private final EngineVm vm;
    private final CpuGroup group;
    /// The processor's own view.
    private final IoBus mmio;
    private final Clock.Timer counterAlarm;
    private final ThreadClock busy = new ThreadClock();
    private Registers registers;
    private InterruptController interrupts;
    /// Null in a machine without interrupt chips.
    private InterruptWiring wiring;
    /// Null in a bare machine.
    private ParavirtVcpu paravirt;
    /// How many PAUSEs have followed closely on each other, and when the last did, in nanoseconds.
    private int pauses;
    private long pausedAt;

    /// @param onAlarm has the processor look at its counters; any thread
    SoftwareEnvironment(EngineVm vm, CpuGroup group, Runnable onAlarm) {
        this.vm = vm;
        this.group = group;
        this.mmio = new IoBus(vm.mmio());
        this.counterAlarm = vm.clock().timer(onAlarm);
    }

    /// Names what there is only when the processor has been made; before it runs.
    void connect(Registers ofProcessor, OwnersInterrupts owner, InterruptWiring chips, ParavirtVcpu interfaces) {
        registers = ofProcessor;
        interrupts = chips == null ? owner : chips;
        wiring = chips;
        paravirt = interfaces;
    }

    void close() {
        counterAlarm.cancel();
        busy.close();
    }

    @Override
    public GuestMemory memory() {
        return vm.memory();
    }

    @Override
    public IoBus ports() {
        return vm.ports();
    }

    @Override
    public IoBus mmio() {
        return mmio;
    }

    @Override
    public CpuGroup group() {
        return group;
    }

    @Override
    public long tsc() {
        return vm.tsc();
    }

    @Override
    public long tscOrigin() {
        return vm.tscOrigin();
    }

    @Override
    public long catchUp() {
        return vm.catchUp();
    }

    @Override
    public long busyTicks() {
        return busy.nanos();
    }

    @Override
    public int tellAbsent(MemorySlot slot, long gpa, boolean user) {
        return paravirt == null ? 0 : paravirt.tellAbsent(slot, gpa, user);
    }

    @Override
    public boolean forcesEmulation() {
        return vm.config().caps().forcedEmulation();
    }

    @Override
    public Backdoor backdoor() {
        return paravirt == null ? null : paravirt.backdoor();
    }

    @Override
    public void alarm(long tsc) {
        if (tsc != Long.MAX_VALUE) {
            counterAlarm.arm(vm.clock().nanos() + tsc - vm.tsc());
        } else {
            counterAlarm.cancel();
        }
    }

    @Override
    public void tscChanged() {
        if (paravirt != null) {
            paravirt.tscChanged();
        }
        if (wiring != null) {
            wiring.tscChanged();
        }
    }

    @Override
    public InterruptController interruptController() {
        return interrupts;
    }

    @Override
    public void floatingPointError() {
        if (vm.hasChips()) {
            vm.chips().floatingPointError();
        }
    }

    @Override
    public void unimplemented(String instruction) {
        vm.config().reports().accept("the guest executed " + instruction + ", which is not implemented: it got #UD");
    }

    /// Lets another thread run when the guest waits for long: it may be a vCPU that has what is waited for.
    @Override
    public void spinning() {
        long now = System.nanoTime();
        pauses = now - pausedAt <= LOOP ? pauses + 1 : 0;
        pausedAt = now;
        if (pauses < PATIENCE) {
            Thread.onSpinWait();
        } else {
            pauses = 0;
            Thread.yield();
        }
    }

    @Override
    public boolean takesHypercalls() {
        return paravirt == null || paravirt.takesCalls(registers);
    }

    @Override
    public boolean exitsOnUnclaimedAccess() {
        return vm.config().exitsOnUnclaimed();
    }
}
