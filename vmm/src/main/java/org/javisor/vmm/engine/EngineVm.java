// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.engine;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.javisor.cpu.CpuEnvironment;
import org.javisor.cpu.Durations;
import org.javisor.cpu.TranslationStats;
import org.javisor.memory.Clock;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.HostClock;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.IoBus;
import org.javisor.memory.MsiSink;
import org.javisor.vmm.Capability;
import org.javisor.vmm.ClockReading;
import org.javisor.vmm.EventWiring;
import org.javisor.vmm.MachineCheckError;
import org.javisor.vmm.MsrFilter;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.VcpuStats;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmTime;
import org.javisor.vmm.events.PauseEvent;
import org.javisor.vmm.events.ResetEvent;
import org.javisor.vmm.irq.GsiRouting;
import org.javisor.vmm.irq.InterruptChips;
import org.javisor.vmm.pv.HvPartition;
import org.javisor.vmm.stats.Statistic;
import org.javisor.vmm.stats.Statistics;

/// A machine, of whatever an engine executes its guest by: what engines have in common, and what they see of it.
public final class EngineVm implements Vm {
    /// How long processors read the time without looking what is late, in nanoseconds.
    private static final long LONGEST_UNASKED = 1_000_000;
    private static final long LAST_PORT = 0xffff;
    private static final long LAST_GPA = (1L << 52) - 1;

    private final Engine engine;
    private final VmConfig config;
    private final GuestMemory memory = new GuestMemory();
    private final IoBus ports = new IoBus("port", LAST_PORT);
    private final IoBus mmio = new IoBus("MMIO address", LAST_GPA);
    private final HostClock ownClock;
    private final Clock clock;
    private final RunGate gate = new RunGate();
    private final AtomicInteger pauses = new AtomicInteger();
    private final InterruptChips chips;
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

    EngineVm(Engine engine, VmConfig config) {
        this.engine = engine;
        this.config = config;
        this.ownClock = config.clock() == null ? new HostClock() : null;
        this.clock = config.clock() == null ? ownClock : config.clock();
        this.chips = chipsOf(config, engine.keepsChips());
        this.poweredOnAt = clock.nanos();
        this.processors = engine.open(this);
    }

    @Override
    public String engine() {
        return engine.name();
    }

    @Override
    public Set<Capability> capabilities() {
        return engine.capabilities();
    }

    private InterruptChips chipsOf(VmConfig wanted, boolean elsewhere) {
        return switch (wanted.irqchip()) {
            case NONE -> null;
            case SPLIT -> InterruptChips.split(clock, false);
            case FULL -> new InterruptChips(clock, ports, mmio, false, wanted.pit());
            case KERNEL -> elsewhere ? InterruptChips.elsewhere(clock, ports)
                    : new InterruptChips(clock, ports, mmio, false, wanted.pit());
        };
    }

    @Override
    public VmConfig config() {
        return config;
    }

    @Override
    public GuestMemory memory() {
        return memory;
    }

    @Override
    public IoBus ports() {
        return ports;
    }

    @Override
    public IoBus mmio() {
        return mmio;
    }

    @Override
    public Clock clock() {
        return clock;
    }

    @Override
    public InterruptLine gsi(int gsi) {
        return chips().gsi(gsi);
    }

    @Override
    public GsiRouting routing() {
        return chips().routing();
    }

    @Override
    public void routing(GsiRouting replacement) {
        chips().routing(replacement);
    }

    @Override
    public MsiSink msi() {
        return chips().msi();
    }

    @Override
    public EventWiring eventWiring() {
        return processors.eventWiring();
    }

    @Override
    public ClockReading clockReading() {
        return time().reading();
    }

    @Override
    public VmTime time() {
        long nanos = clock.nanos();
        long host = ChronoUnit.NANOS.between(Instant.EPOCH, Instant.now());
        return new VmTime(nanos, new ClockReading(processors.clock(nanos), clock.wallNanos(), tscAt(nanos), host));
    }

    @Override
    public void time(VmTime time) {
        if (ownClock == null) {
            throw new IllegalStateException("this machine's clock is its owner's to set");
        }
        ownClock.set(time.nanos(), time.reading().wallNanos());
        poweredOnAt = time.nanos() - time.reading().tsc();
        setClock(time.reading().nanos());
    }

    @Override
    public void setClock(long nanos) {
        if (nanos < 0) {
            throw new IllegalArgumentException(nanos + " ns is no time of a machine's clock");
        }
        processors.setClock(nanos);
    }

    public boolean hasChips() {
        return chips != null;
    }

    @Override
    public InterruptChips chips() {
        if (chips == null) {
            throw new IllegalStateException("this machine has no interrupt chips");
        }
        return chips;
    }

    /// The time stamp counter that all processors start from: nanoseconds since power-on or reset.
    public long tsc() {
        return tscAt(clock.nanos());
    }

    /// [#tsc] at a point of the clock's time.
    public long tscAt(long nanos) {
        return nanos - poweredOnAt;
    }

    @Override
    public HvPartition hyperv() {
        return processors.hyperv();
    }

    /// Whether the machine's clock runs as fast as the host's, while it is not paused.
    public boolean keepsHostTime() {
        return ownClock != null;
    }

    /// As of [CpuEnvironment#tscOrigin]. It holds while a processor runs: the clock is stopped, and the machine reset,
    /// only while none does.
    public long tscOrigin() {
        long origin = ownClock == null ? HostClock.STOPPED : ownClock.origin();
        return origin == HostClock.STOPPED ? CpuEnvironment.NO_TSC_ORIGIN : origin + poweredOnAt;
    }

    /// As of [CpuEnvironment#catchUp].
    public long catchUp() {
        long next = clock.catchUp();
        long soon = System.nanoTime() + LONGEST_UNASKED;
        long origin = ownClock == null ? HostClock.STOPPED : ownClock.origin();
        return next == Long.MAX_VALUE || origin == HostClock.STOPPED ? soon : Math.min(soon, next + origin);
    }

    @Override
    public void maskA20(boolean masked) {
        vcpus().forEach(vcpu -> processors.maskA20(vcpu, masked));
    }

    @Override
    public void smi(boolean all) {
        List<Vcpu> everyone = vcpus();
        if (all) {
            everyone.forEach(Vcpu::injectSmi);
        } else {
            everyone.stream().filter(Vcpu::isRunByThisThread).findFirst().orElse(everyone.getFirst()).injectSmi();
        }
    }

    @Override
    public void injectMachineCheck(int id, MachineCheckError error, boolean broadcast) {
        Vcpu hit = vcpus().stream().filter(vcpu -> vcpu.id() == id).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no vCPU " + id));
        hit.injectMachineCheck(error);
        if (broadcast && (error.status() & MachineCheckError.UNCORRECTED) != 0) {
            vcpus().stream().filter(vcpu -> vcpu != hit)
                    .forEach(vcpu -> vcpu.injectMachineCheck(error.elsewhere()));
        }
    }

    @Override
    public boolean inSystemManagement() {
        return vcpus().stream().anyMatch(vcpu -> vcpu.isRunByThisThread() && vcpu.inSystemManagement());
    }

    @Override
    public synchronized Vcpu createVcpu(int id) {
        if (closed) {
            throw new IllegalStateException("the machine is closed");
        }
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

    @Override
    public synchronized List<Vcpu> vcpus() {
        return List.copyOf(vcpus);
    }

    RunGate gate() {
        return gate;
    }

    @Override
    public void msrFilter(MsrFilter filter) {
        processors.msrFilter(filter);
        msrFilter = filter;
    }

    public MsrFilter msrFilter() {
        return msrFilter;
    }

    @Override
    public int resetDirtyRings() {
        return memory.resetDirtyRings(vcpus().stream().flatMap(vcpu -> vcpu.dirtyRing().stream()).toList());
    }

    @Override
    public void pause() {
        gate.close(this::hurry);
        if (pauses.getAndIncrement() == 0) {
            noteStop();
            if (ownClock != null) {
                ownClock.stop();
            }
        }
    }

    @Override
    public void resume() {
        if (pauses.get() == 1) {
            vcpus().forEach(Vcpu::guestStopped);
        }
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

    @Override
    public void letOut(boolean whether) {
        gate.abandon(whether);
    }

    @Override
    public void sleep() {
        gate.shut(this::hurry);
    }

    @Override
    public void wake() {
        gate.open();
    }

    @Override
    public void reset() {
        ResetEvent event = new ResetEvent(++resets);
        poweredOnAt = clock.nanos();
        if (hasChips()) {
            chips.reset();
        }
        processors.reset();
        vcpus().forEach(processors::reset);
        event.commit();
    }

    @Override
    public VcpuStats stats() {
        return vcpus().stream().map(Vcpu::stats)
                .reduce(VcpuStats.NONE, VcpuStats::plus);
    }

    @Override
    public Statistics statistics() {
        Statistics.Builder statistics = Statistics.builder()
                .counter("resets", resets)
                .add(Statistic.counter("pauses"), stopped.count())
                .nanoseconds("pause_ns", stopped.nanos());
        processors.describe(statistics);
        return statistics.build();
    }

    @Override
    public void countInstructions() {
        processors.countInstructions();
    }

    @Override
    public String listing(long from, long to) {
        return processors.listing(from, to);
    }

    @Override
    public TranslationStats translationStats() {
        return processors.translationStats();
    }

    @Override
    public void close() {
        List<Vcpu> all = vcpus();
        gate.abandon(true);
        // Not under the monitor, which one that runs may be waiting for.
        all.forEach(vcpu -> ((EngineVcpu) vcpu).retire());
        free();
    }

    private synchronized void free() {
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
