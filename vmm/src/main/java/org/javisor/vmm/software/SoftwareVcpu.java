// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.javisor.cpu.Cpu;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.CpuGroup;
import org.javisor.cpu.CpuidModel;
import org.javisor.cpu.MachineCheck;
import org.javisor.cpu.Requests;
import org.javisor.cpu.events.ExitEvent;
import org.javisor.memory.DirtyRing;
import org.javisor.memory.IoBus;
import org.javisor.vmm.GuestDebug;
import org.javisor.vmm.InvalidRegisterException;
import org.javisor.vmm.MachineCheckError;
import org.javisor.vmm.MpState;
import org.javisor.vmm.Registers;
import org.javisor.vmm.SmiState;
import org.javisor.vmm.VcpuEvents;
import org.javisor.vmm.VcpuStats;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.engine.EngineVcpu;
import org.javisor.vmm.engine.EngineVm;
import org.javisor.vmm.irq.LapicState;
import org.javisor.vmm.stats.Statistics;

/// A vCPU whose processor is software.
///
/// Its thread never sleeps on anything but its [WakeSignal] and where it waits for the end of a pause; whoever asks
/// something of the processor signals afterwards, and a processor that has run out of work sleeps only if nobody
/// signalled since it started to look.
final class SoftwareVcpu extends EngineVcpu {
    /// In nanoseconds.
    private static final long SHORTEST_SLEEP = 20_000;
    /// How fast a time stamp counter may be, in kHz.
    private static final int SLOWEST_TSC = 1_000, FASTEST_TSC = 100_000_000;
    private static final int INTERRUPTS =
            Requests.INTERRUPT | Requests.NMI | Requests.SMI | Requests.INIT | Requests.STARTUP;

    private final WakeSignal wake = new WakeSignal();
    private final SoftwareEnvironment environment;
    private final Cpu cpu;
    private final SoftwareRegisters registers;
    private final SoftwareStats stats;
    private final OwnersInterrupts ownersInterrupts;
    private final SoftwareState state;
    private final HaltPoll poll;
    private final BooleanSupplier signalled = () -> wake.signalled(this.seen);
    /// Null where logs are bitmaps.
    private final DirtyRing dirtyRing;
    private final InterruptWiring wiring;
    /// Null in a bare machine, where hypercalls are exits.
    private final ParavirtVcpu paravirt;
    private volatile boolean closed;
    /// Another processor has asked the guest's way for this one's HLT to end.
    private volatile boolean unhalted;
    /// HLT has been executed, and nothing has ended it yet.
    private boolean halted;
    /// What has been executed is not HLT, but what ends with any interrupt, masked or not.
    private boolean idling;
    /// Whether the processor is in [Cpu#run].
    private boolean executing;
    /// Whether it has left for a call that its owner may answer.
    private boolean calling;
    /// What had been signalled when the thread began to listen.
    private int seen;

    /// @param machine null in a bare one
    SoftwareVcpu(EngineVm vm, int id, CpuGroup group, Paravirt machine, PollRoom room, CounterWrites written) {
        super(vm, id);
        CpuidModel cpuid = vm.config().cpuid();
        if (machine != null) {
            cpuid = machine.describedIn(cpuid);
        }
        this.environment = new SoftwareEnvironment(vm, group, () -> request(Requests.COUNTERS));
        this.cpu = new Cpu(id, cpuid, environment);
        this.registers = new SoftwareRegisters(cpu, this::requireOpen,
                value -> written.write(cpu.tsc(), vm.tsc(), value));
        this.stats = new SoftwareStats(cpu, counters());
        counters().identify(id, registers::rip);
        this.ownersInterrupts = new OwnersInterrupts(cpu);
        this.wiring = !vm.hasChips() ? null
                : new InterruptWiring(vm, id, cpu, environment.mmio(), wake, counters(), ownersInterrupts);
        this.paravirt = machine == null ? null : new ParavirtVcpu(machine, this, cpu, wiring);
        environment.connect(registers, ownersInterrupts, wiring, paravirt);
        this.state = new SoftwareState(cpu, wiring);
        this.poll = new HaltPoll(vm.config().caps().haltPoll(), room);
        room.add(() -> !counters().isHalting());
        int ringEntries = vm.config().caps().dirtyRing();
        this.dirtyRing = ringEntries == 0 ? null : new DirtyRing(ringEntries);
        cpu.msrs().policy(new VmMsrPolicy(vm));
        start();
    }

    // ---- running ----

    @Override
    protected VmExit begin() {
        calling = false;
        if (dirtyRing != null) {
            dirtyRing.enter(() -> cpu.request(Requests.KICK));
        }
        return null;
    }

    @Override
    protected void end() {
        if (dirtyRing != null) {
            dirtyRing.leave();
        }
    }

    @Override
    protected void listen() {
        seen = wake.sequence();
    }

    @Override
    protected VmExit waiting() {
        int ended = wiring == null ? -1 : wiring.takeEnded();
        if (ended >= 0) {
            return new VmExit.EndOfInterrupt(ended);
        }
        return dirtyRing != null && dirtyRing.full() ? VmExit.DirtyRingFull.INSTANCE : null;
    }

    @Override
    protected VmExit endInstruction() {
        if (!state.amidInstruction()) {
            return null;
        }
        cpu.request(Requests.KICK);
        return step();
    }

    @Override
    protected VmExit step() {
        if (halted && !wakes()) {
            sleep();
            return null;
        }
        halted = false;
        idling = false;
        executing = true;
        counters().entering();
        int exit = watched();
        executing = false;
        ExitEvent event = counters().exited(exit);
        if (event != null && CpuExit.isAccess(exit)) {
            event.access(cpu.exitAddress(), cpu.exitBytes(), cpu.exitValue());
        }
        return exitFor(exit);
    }

    @Override
    protected int execute() {
        return cpu.run();
    }

    private boolean wakes() {
        if (unhalted) {
            unhalted = false;
            return true;
        }
        wiring.refresh();
        return cpu.wakes() || idling && (cpu.requests() & INTERRUPTS) != 0 || state.isDelivering();
    }

    /// What the caller of [#run] is told, or null when the processor is to go on.
    private VmExit exitFor(int exit) {
        return switch (exit) {
            case CpuExit.HALT -> halt();
            case CpuExit.WAIT_FOR_STARTUP -> {
                sleep();
                yield null;
            }
            case CpuExit.KICK -> null;
            case CpuExit.DEBUG -> cpu.takeHalt() ? steppedOverHalt() : SoftwareExits.of(cpu, exit, registers.rip());
            case CpuExit.HYPERCALL -> hypercall();
            default -> SoftwareExits.of(cpu, exit, registers.rip());
        };
    }

    private VmExit hypercall() {
        if (paravirt == null) {
            return new VmExit.Hypercall(registers.general(Registers.RAX));
        }
        VmExit exit = paravirt.call(registers);
        calling = exit != null;
        return exit;
    }

    /// A step over HLT is over before its wait; the owner of a bare machine, who sees to that, is told of HLT alone.
    private VmExit steppedOverHalt() {
        halted = wiring != null;
        return halted ? SoftwareExits.of(cpu, CpuExit.DEBUG, registers.rip()) : VmExit.Halt.INSTANCE;
    }

    private VmExit halt() {
        if (wiring == null) {
            return VmExit.Halt.INSTANCE;
        }
        halted = true;
        return null;
    }

    /// Sleeps until somebody wakes the processor, or its timer is due: the clock's thread, which is late by as much as
    /// it takes to wake it, would then have to wake this one.
    private void sleep() {
        if (paravirt != null) {
            paravirt.away();
        }
        await();
        if (paravirt != null && paravirt.back()) {
            cpu.request(Requests.FLUSH_TLB);
        }
    }

    private void await() {
        long start = counters().halting();
        boolean mayPoll = paravirt == null || paravirt.allowsPolling();
        if (!mayPoll || !poll.finds(start, signalled)) {
            if (wiring != null && vm().keepsHostTime()) {
                vm().clock().catchUp();
                wake.await(seen, Math.max(SHORTEST_SLEEP, untilTimer()));
                vm().clock().catchUp();
            } else {
                wake.await(seen);
            }
        }
        poll.over(counters().halted());
    }

    private long untilTimer() {
        return paravirt == null ? wiring.untilTimer() : Math.min(wiring.untilTimer(), paravirt.untilTimer());
    }

    /// The MMIO bus as the processor sees it.
    IoBus mmio() {
        return environment.mmio();
    }

    /// Asks something of the processor, from any thread.
    ///
    /// @param bits of [Requests]
    private void request(int bits) {
        cpu.request(bits);
        wake.signal();
    }

    @Override
    public void completeRead(long value) {
        if (calling) {
            paravirt.answer(registers, value);
        } else {
            cpu().completeRead(value);
        }
    }

    /// Ends this processor's HLT, or its next one. Any thread.
    void unhalt() {
        unhalted = true;
        wake.signal();
    }

    /// Whether guest code is being executed; on the processor's own thread.
    boolean executing() {
        return executing;
    }

    /// Has the processor wait for an interrupt behind the instruction that it is at.
    void idle() {
        if (executing) {
            idling = true;
            cpu.halt();
        }
    }

    private SoftwareState state() {
        requireOpen();
        return state;
    }

    private Cpu cpu() {
        requireOpen();
        return cpu;
    }

    @Override
    public void kick() {
        if (closed) {
            return;
        }
        super.kick();
    }

    @Override
    protected void hurry() {
        request(Requests.KICK);
    }

    @Override
    public void injectNmi() {
        state().nmi();
        wake.signal();
    }

    @Override
    public void refuse() {
        cpu().refuse();
    }

    @Override
    public void injectInterrupt(int vector) {
        state().injectInterrupt(vector);
    }

    @Override
    public boolean readyForInterrupt() {
        return state().readyForInterrupt();
    }

    @Override
    public void requestInterruptWindow(boolean wanted) {
        state().checkOwnersInterrupts();
        ownersInterrupts.wantWindow(wanted);
        wake.signal();
    }

    @Override
    public VcpuEvents events() {
        return state().events();
    }

    @Override
    public void events(VcpuEvents events) {
        state().events(events);
    }

    @Override
    public MpState mpState() {
        if (state().acceptInit()) {
            halted = false;
        }
        // Who is to wake, or wakes by interrupts that it does not take, runs and goes to sleep again if need be.
        return state().mpState(halted && !unhalted && !idling);
    }

    @Override
    public void mpState(MpState wanted) {
        state().mpState(wanted);
        halted = wanted == MpState.HALTED;
        unhalted = false;
        idling = false;
    }

    @Override
    public LapicState lapic() {
        return state().lapic();
    }

    @Override
    public void lapic(LapicState page) {
        state().lapic(page);
    }

    @Override
    public Optional<DirtyRing> dirtyRing() {
        return Optional.ofNullable(dirtyRing);
    }

    /// The machine's clock has been set; it does not run.
    void clockChanged() {
        paravirt.tscChanged();
    }

    @Override
    public boolean guestStopped() {
        requireOpen();
        return paravirt != null && paravirt.guestStopped();
    }

    @Override
    public int tscKhz() {
        return cpu().tsc().khz();
    }

    @Override
    public void tscKhz(int khz) {
        if (khz < SLOWEST_TSC || khz > FASTEST_TSC) {
            throw new InvalidRegisterException("tsc_khz", khz + " is not " + SLOWEST_TSC + " to " + FASTEST_TSC);
        }
        cpu().tsc().khz(khz);
    }

    @Override
    public long tscOffset() {
        return cpu().tsc().offset();
    }

    @Override
    public void tscOffset(long offset) {
        cpu().tsc().offset(offset);
    }

    @Override
    public void injectSmi() {
        request(Requests.SMI);
    }

    @Override
    public SmiState smi() {
        return state().smi();
    }

    @Override
    public void smi(SmiState smi) {
        state().smi(smi);
        wake.signal();
    }

    @Override
    public void injectMachineCheck(MachineCheckError error) {
        if (error.bank() >= MachineCheck.BANKS) {
            throw new IllegalArgumentException("there are " + MachineCheck.BANKS + " machine-check banks, and no bank "
                    + error.bank());
        }
        cpu().machineCheck().report(error.bank(), error.status(), error.globalStatus(), error.address(),
                error.miscellaneous());
        wake.signal();
    }

    @Override
    public boolean inSystemManagement() {
        return cpu().inSystemManagement();
    }

    void maskA20(boolean masked) {
        cpu().maskA20(masked);
    }

    @Override
    public Registers registers() {
        return registers;
    }

    @Override
    public void debug(GuestDebug wanted) {
        SoftwareDebug.set(cpu().outsideDebug(), wanted);
    }

    @Override
    public long translate(long gva) {
        return registers.translate(gva);
    }

    @Override
    public VcpuStats stats() {
        return stats.read();
    }

    @Override
    public Statistics statistics() {
        return stats.describe();
    }

    // ---- reset and the end ----

    void reset() {
        if (paravirt != null) {
            paravirt.reset();
        }
        unhalted = false;
        cpu.reset();
        cpu.cancel(INTERRUPTS);
        halted = false;
        start();
    }

    private void start() {
        if (wiring != null) {
            wiring.reset();
            if (id() != 0) {
                cpu.waitForStartup();
            }
        }
    }

    void close() {
        closed = true;
        if (paravirt != null) {
            paravirt.close();
        }
        if (wiring != null) {
            wiring.close();
        }
        environment.close();
        cpu.close();
    }
}
