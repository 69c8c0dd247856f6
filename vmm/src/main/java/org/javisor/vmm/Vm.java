// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;
import org.javisor.cpu.CpuEnvironment;
import org.javisor.cpu.CpuidModel;
import org.javisor.cpu.Durations;
import org.javisor.cpu.TranslationStats;
import org.javisor.memory.Clock;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.HostClock;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.IoBus;
import org.javisor.memory.MsiSink;
import org.javisor.vmm.events.PauseEvent;
import org.javisor.vmm.events.ResetEvent;
import org.javisor.vmm.irq.GsiRouting;
import org.javisor.vmm.irq.InterruptChips;
import org.javisor.vmm.pv.HvPartition;
import org.javisor.vmm.stats.Statistic;
import org.javisor.vmm.stats.Statistics;

/// One virtual machine: memory, buses, time, interrupt wires and processors, empty until somebody fills it.
///
/// Devices are attached before the first vCPU runs, or while it does; vCPUs are created before the first runs.
public final class Vm implements AutoCloseable {
    /// How long processors read the time without looking what is late, in nanoseconds.
    private static final long LONGEST_UNASKED = 1_000_000;
    private static final long LAST_PORT = 0xffff;
    private static final long LAST_GPA = (1L << 52) - 1;

    private final String engine;
    private final VmConfig config;
    private final GuestMemory memory = new GuestMemory();
    private final IoBus ports = new IoBus("port", LAST_PORT);
    private final IoBus mmio = new IoBus("MMIO address", LAST_GPA);
    private final HostClock ownClock;
    private final Clock clock;
    private final RunGate gate = new RunGate();
    private final AtomicInteger pauses = new AtomicInteger();
    private final InterruptChips chips;
    private final Paravirt paravirt;
    private final CpuidModel cpuid;
    private final Engine.Processors processors;
    private final List<Vcpu> vcpus = new ArrayList<>();
    /// When the machine was last switched on or reset: the time stamp counters were zero.
    private volatile long poweredOnAt;
    private volatile int resets;
    /// Guarded by itself.
    private final Durations stopped = new Durations();
    private long stoppedAt;
    private PauseEvent pauseEvent;
    private volatile MsrFilter msrFilter = MsrFilter.ALL;
    private boolean closed;

    Vm(Engine engine, VmConfig config) {
        this.engine = engine.name();
        this.config = config;
        this.ownClock = config.clock() == null ? new HostClock() : null;
        this.clock = config.clock() == null ? ownClock : config.clock();
        this.chips = chipsOf(config);
        this.poweredOnAt = clock.nanos();
        this.paravirt = config.chips() ? new Paravirt(this, config.interfaces()) : null;
        this.cpuid = paravirt == null ? config.cpuid() : paravirt.describedIn(config.cpuid());
        this.processors = engine.open(this);
    }

    /// What executes its guest: `software`, for one.
    public String engine() {
        return engine;
    }

    private InterruptChips chipsOf(VmConfig wanted) {
        return switch (wanted.irqchip()) {
            case NONE -> null;
            case SPLIT -> InterruptChips.split(clock, false);
            case FULL -> new InterruptChips(clock, ports, mmio, false);
        };
    }

    public VmConfig config() {
        return config;
    }

    public GuestMemory memory() {
        return memory;
    }

    public IoBus ports() {
        return ports;
    }

    public IoBus mmio() {
        return mmio;
    }

    public Clock clock() {
        return clock;
    }

    /// A new wire to a global system interrupt. A GSI is asserted while any of its wires is, so devices may share one;
    /// each takes a wire of its own.
    ///
    /// @param gsi 0 to 15 reach the PIC pair and the IOAPIC, 16 to 23 the IOAPIC only
    public InterruptLine gsi(int gsi) {
        return chips().gsi(gsi);
    }

    /// Where global system interrupts lead now.
    ///
    /// @throws IllegalStateException in a machine without interrupt chips
    public GsiRouting routing() {
        return chips().routing();
    }

    /// Replaces where global system interrupts lead; those that are asserted arrive at their new places. Any thread.
    ///
    /// @throws IllegalArgumentException if a route leads to a GSI or a chip that there is not
    public void routing(GsiRouting replacement) {
        chips().routing(replacement);
    }

    /// Where message-signalled interrupts go.
    public MsiSink msi() {
        return chips().msi();
    }

    /// How the machine is connected to what runs outside its vCPUs. Any thread.
    public EventWiring eventWiring() {
        return processors.eventWiring();
    }

    /// The machine's time now. Any thread.
    public ClockReading clockReading() {
        long nanos = clock.nanos();
        long told = processors.clock();
        if (told < 0) {
            told = paravirt == null ? nanos : paravirt.guestNanos(nanos);
        }
        return new ClockReading(told, clock.wallNanos(), tscAt(nanos));
    }

    /// Has KVM's clock tell `nanos` from now on (`KVM_SET_CLOCK`): as when a machine that was saved goes on elsewhere.
    /// A guest that runs on sees its time jump; who must not, is told a time that is not before the last that it saw.
    /// The machine is paused, or does not run.
    ///
    /// @param nanos not negative
    public void setClock(long nanos) {
        if (nanos < 0) {
            throw new IllegalArgumentException(nanos + " ns is no time of a machine's clock");
        }
        processors.clock(nanos);
        if (paravirt != null) {
            paravirt.setGuestNanos(nanos);
            vcpus().forEach(processors::clockChanged);
        }
    }

    boolean hasChips() {
        return chips != null;
    }

    /// The interrupt chips.
    ///
    /// @throws IllegalStateException if the machine has none
    public InterruptChips chips() {
        if (chips == null) {
            throw new IllegalStateException("this machine has no interrupt chips");
        }
        return chips;
    }

    /// The time stamp counter that all processors start from: nanoseconds since power-on or reset.
    long tsc() {
        return tscAt(clock.nanos());
    }

    /// [#tsc] at a point of the clock's time.
    long tscAt(long nanos) {
        return nanos - poweredOnAt;
    }

    /// What the processors are, with what the configuration offers guests.
    CpuidModel cpuid() {
        return cpuid;
    }

    /// Hyper-V's interface to the guest; null where it is not offered.
    public HvPartition hyperv() {
        return paravirt == null ? null : paravirt.hyperv();
    }

    /// Has processors forget their translations whose ids pass, and returns when none uses one any more.
    void forgetTranslations(IntPredicate which) {
        processors.forgetTranslations(which);
    }

    /// Null in a bare machine, which leaves hypercalls to its owner.
    Paravirt paravirt() {
        return paravirt;
    }

    /// Whether the machine's clock runs as fast as the host's, while it is not paused.
    boolean keepsHostTime() {
        return ownClock != null;
    }

    /// As of [CpuEnvironment#tscOrigin]. It holds while a processor runs: the clock is stopped, and the machine reset,
    /// only while none does.
    long tscOrigin() {
        long origin = ownClock == null ? HostClock.STOPPED : ownClock.origin();
        return origin == HostClock.STOPPED ? CpuEnvironment.NO_TSC_ORIGIN : origin + poweredOnAt;
    }

    /// As of [CpuEnvironment#catchUp].
    long catchUp() {
        long next = clock.catchUp();
        long soon = System.nanoTime() + LONGEST_UNASKED;
        long origin = ownClock == null ? HostClock.STOPPED : ownClock.origin();
        return next == Long.MAX_VALUE || origin == HostClock.STOPPED ? soon : Math.min(soon, next + origin);
    }

    /// Masks bit 20 of physical addresses for every processor, or no longer does: the A20 gate. Any thread.
    public void maskA20(boolean masked) {
        vcpus().forEach(vcpu -> processors.maskA20(vcpu, masked));
    }

    /// Signals a system management interrupt to the processor that the calling thread runs, or else the first; or to
    /// all. Any thread.
    public void smi(boolean all) {
        List<Vcpu> everyone = vcpus();
        if (all) {
            everyone.forEach(Vcpu::injectSmi);
        } else {
            everyone.stream().filter(Vcpu::isRunByThisThread).findFirst().orElse(everyone.getFirst()).injectSmi();
        }
    }

    /// Reports a hardware error to processor `id`, and tells all others if it is uncorrected and `broadcast` is wanted:
    /// Intel's processors do that, and systems wait for each other then. The machine must be paused, or not running.
    ///
    /// @throws IllegalArgumentException if there is no such processor, or it has no such bank
    public void injectMachineCheck(int id, MachineCheckError error, boolean broadcast) {
        Vcpu hit = vcpus().stream().filter(vcpu -> vcpu.id() == id).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no vCPU " + id));
        hit.injectMachineCheck(error);
        if (broadcast && (error.status() & MachineCheckError.UNCORRECTED) != 0) {
            vcpus().stream().filter(vcpu -> vcpu != hit)
                    .forEach(vcpu -> vcpu.injectMachineCheck(error.elsewhere()));
        }
    }

    /// Whether the calling thread runs a processor that is in system management mode: a device asks whose access it
    /// answers.
    public boolean inSystemManagement() {
        return vcpus().stream().anyMatch(vcpu -> vcpu.isRunByThisThread() && vcpu.inSystemManagement());
    }

    /// Makes processor `id`.
    ///
    /// @param id from 0, below the number of processors that the configuration's CPUID tells of
    public synchronized Vcpu createVcpu(int id) {
        if (id < 0 || id >= config.cpuid().cpus()) {
            throw new IllegalArgumentException(
                    "no vCPU " + id + " in a machine of " + config.cpuid().cpus() + " processors");
        }
        if (vcpus.stream().anyMatch(v -> v.id() == id)) {
            throw new IllegalArgumentException("vCPU " + id + " exists");
        }
        Vcpu vcpu = processors.create(id);
        vcpus.add(vcpu);
        return vcpu;
    }

    /// The processors made so far.
    public synchronized List<Vcpu> vcpus() {
        return List.copyOf(vcpus);
    }

    RunGate gate() {
        return gate;
    }

    /// Which model-specific registers guests reach; all that exist, until this is called. Any thread, at any time.
    public void msrFilter(MsrFilter filter) {
        processors.msrFilter(filter);
        msrFilter = filter;
    }

    MsrFilter msrFilter() {
        return msrFilter;
    }

    /// Makes what was harvested of the vCPUs' dirty rings free, and has the next writes to those pages told again.
    /// Any thread.
    ///
    /// @return how many entries that were
    public int resetDirtyRings() {
        return memory.resetDirtyRings(vcpus().stream().flatMap(vcpu -> vcpu.dirtyRing().stream()).toList());
    }

    /// Stops every vCPU between two instructions, and the machine's own clock, until [#resume]; returns when all have
    /// stopped. Runs that are under way block. Calls nest.
    ///
    /// @throws IllegalStateException on a thread that runs a vCPU: it cannot wait for itself
    public void pause() {
        gate.close(this::hurry);
        if (pauses.getAndIncrement() == 0) {
            noteStop();
            if (ownClock != null) {
                ownClock.stop();
            }
        }
    }

    /// Takes one [#pause] back.
    public void resume() {
        gate.open();
        if (pauses.decrementAndGet() == 0) {
            noteStart();
            if (ownClock != null) {
                ownClock.start();
            }
        }
    }

    private void noteStop() {
        synchronized (stopped) {
            stopped.began();
            stoppedAt = System.nanoTime();
            pauseEvent = PauseEvent.start();
        }
    }

    private void noteStart() {
        synchronized (stopped) {
            stopped.took(System.nanoTime() - stoppedAt);
            pauseEvent.commit();
        }
    }

    private void hurry() {
        vcpus().forEach(processors::hurry);
    }

    /// Has every vCPU stop until [#wake], that on whose thread this is called behind the instruction that it is at.
    /// Waits for nobody. Time goes on.
    void sleep() {
        gate.shut(this::hurry);
    }

    void wake() {
        gate.open();
    }

    /// Takes processors and chips back to their state after power-on: processor 0 at the reset vector, the others (in a
    /// machine with chips) waiting for a start-up IPI. Memory, devices and time stay as they are. The machine must be
    /// paused, or not running.
    public void reset() {
        ResetEvent event = new ResetEvent(++resets);
        poweredOnAt = clock.nanos();
        if (hasChips()) {
            chips.reset();
            paravirt.reset();
        }
        vcpus().forEach(processors::reset);
        event.commit();
    }

    /// Everything that the processors did so far, added up.
    public VcpuStats stats() {
        return vcpus().stream().map(Vcpu::stats)
                .reduce(VcpuStats.NONE, VcpuStats::plus);
    }

    /// Statistics of the machine as a whole, which describe themselves; those of a processor are
    /// [Vcpu#statistics]. Any thread.
    public Statistics statistics() {
        Statistics.Builder statistics = Statistics.builder()
                .counter("resets", resets)
                .add(Statistic.counter("pauses"), stopped.count())
                .nanoseconds("pause_ns", stopped.nanos());
        processors.describe(statistics);
        return statistics.build();
    }

    /// Has translated code count instructions for [#stats], which costs it time: else these tell of interpreted ones
    /// alone. Before a vCPU runs.
    public void countInstructions() {
        processors.countInstructions();
    }

    /// The translated code for guest addresses `from` to `to` as it is now, beside the guest's, for people; needs
    /// `listed` in the translator's configuration. Empty where nothing is translated.
    public String listing(long from, long to) {
        return processors.listing(from, to);
    }

    /// What the translator did so far; null where all code is interpreted.
    public TranslationStats translationStats() {
        return processors.translationStats();
    }

    /// Frees processors and chips. No vCPU may be running. Memory behind the slots stays the caller's.
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        vcpus.forEach(processors::close);
        processors.close();
        vcpus.clear();
        if (ownClock != null) {
            ownClock.close();
        }
    }
}
