// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;
import org.javisor.cpu.TranslationStats;
import org.javisor.memory.Clock;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.IoBus;
import org.javisor.memory.MsiSink;
import org.javisor.vmm.irq.GsiRouting;
import org.javisor.vmm.irq.InterruptChips;
import org.javisor.vmm.pv.HvPartition;
import org.javisor.vmm.stats.Statistics;

/// One virtual machine: memory, buses, time, interrupt wires and processors, empty until somebody fills it.
///
/// Devices are attached before the first vCPU runs, or while it does; vCPUs are created before the first runs.
public interface Vm extends AutoCloseable {
    /// What executes its guest: `software`, for one.
    String engine();

    /// What it was made of.
    VmConfig config();

    /// As of [Hypervisor#capabilities].
    Set<Capability> capabilities();

    /// Its guest-physical memory, which has no slots at first. Any thread.
    GuestMemory memory();

    /// Devices at ports, 0 to 0xffff. Any thread.
    IoBus ports();

    /// Devices at guest-physical addresses that no slot backs, of up to 52 bits. Any thread.
    IoBus mmio();

    /// The time of chips and devices, in nanoseconds; it stops while the machine is paused. Any thread.
    Clock clock();

    // ---- interrupts ----

    /// A new wire to a global system interrupt. A GSI is asserted while any of its wires is, so devices may share one;
    /// each takes a wire of its own.
    ///
    /// @param gsi 0 to 15 reach the PIC pair and the IOAPIC, 16 to 23 the IOAPIC only
    InterruptLine gsi(int gsi);

    /// Where global system interrupts lead now.
    ///
    /// @throws IllegalStateException in a machine without interrupt chips
    GsiRouting routing();

    /// Replaces where global system interrupts lead; those that are asserted arrive at their new places. Any thread.
    ///
    /// @throws IllegalArgumentException if a route leads to a GSI or a chip that there is not
    void routing(GsiRouting replacement);

    /// Where message-signalled interrupts go.
    MsiSink msi();

    /// The interrupt chips.
    ///
    /// @throws IllegalStateException if the machine has none
    InterruptChips chips();

    /// How the machine is connected to what runs outside its vCPUs. Any thread.
    EventWiring eventWiring();

    /// Signals a system management interrupt to the processor that the calling thread runs, or else the first; or to
    /// all. Any thread.
    void smi(boolean all);

    /// Reports a hardware error to processor `id`, and tells all others if it is uncorrected and `broadcast` is wanted:
    /// Intel's processors do that, and systems wait for each other then. The machine must be paused, or not running.
    ///
    /// @throws IllegalArgumentException if there is no such processor, or it has no such bank
    void injectMachineCheck(int id, MachineCheckError error, boolean broadcast);

    // ---- time ----

    /// Where the machine's clocks stand. It is paused.
    VmTime time();

    /// Has the machine's clocks go on from `time`, for a machine that was saved: processors' counters, KVM's clock, the
    /// battery-backed clock. Timers that are armed stay so; who waits for a time is told of it afterwards. The machine
    /// is paused, and has not run.
    ///
    /// @throws IllegalStateException if the machine's clock is its owner's ([VmConfig#clock])
    void time(VmTime time);

    /// The machine's time now. Any thread.
    ClockReading clockReading();

    /// Has KVM's clock tell `nanos` from now on (`KVM_SET_CLOCK`): as when a machine that was saved goes on elsewhere.
    /// A guest that runs on sees its time jump; who must not, is told a time that is not before the last that it saw.
    /// The machine is paused, or does not run.
    ///
    /// @param nanos not negative
    void setClock(long nanos);

    /// Has KVM's clock tell what it would if it had gone on with the host's since `then` (`KVM_CLOCK_REALTIME`), for a
    /// guest that is to know that it was away; otherwise as [#setClock(long)].
    default void setClock(ClockReading then) {
        long away = ChronoUnit.NANOS.between(Instant.EPOCH, Instant.now()) - then.hostNanos();
        setClock(then.nanos() + Math.max(0, away));
    }

    // ---- processors ----

    /// Makes processor `id`.
    ///
    /// @param id from 0, below the number of processors that the configuration's CPUID tells of
    Vcpu createVcpu(int id);

    /// The processors made so far.
    List<Vcpu> vcpus();

    /// Masks bit 20 of physical addresses for every processor, or no longer does: the A20 gate. Any thread.
    void maskA20(boolean masked);

    /// Whether the calling thread runs a processor that is in system management mode: a device asks whose access it
    /// answers.
    boolean inSystemManagement();

    /// Which model-specific registers guests reach; all that exist, until this is called. Any thread, at any time.
    void msrFilter(MsrFilter filter);

    /// Hyper-V's interface to the guest; null where it is not offered.
    HvPartition hyperv();

    /// Makes what was harvested of the vCPUs' dirty rings free, and has the next writes to those pages told again.
    /// Any thread.
    ///
    /// @return how many entries that were
    int resetDirtyRings();

    // ---- stopping and starting ----

    /// Stops every vCPU between two instructions, and the machine's own clock, until [#resume]; returns when all have
    /// stopped. Runs that are under way block. Calls nest.
    ///
    /// @throws IllegalStateException on a thread that runs a vCPU: it cannot wait for itself
    void pause();

    /// Takes one [#pause] back. When that was the last, guests with KVM's clock are told that they were stopped.
    void resume();

    /// Has every vCPU stop until [#wake], that on whose thread this is called behind the instruction that it is at.
    /// Waits for nobody. Time goes on.
    void sleep();

    /// Takes one [#sleep] back.
    void wake();

    /// Has runs go on although the machine is paused or asleep, or no longer: for vCPUs that have been kicked and are
    /// to end.
    void letOut(boolean whether);

    /// Takes processors and chips back to their state after power-on: processor 0 at the reset vector, the others (in a
    /// machine with chips) waiting for a start-up IPI. Memory, devices and time stay as they are. The machine must be
    /// paused, or not running.
    void reset();

    // ---- what it did ----

    /// Everything that the processors did so far, added up.
    VcpuStats stats();

    /// Statistics of the machine as a whole, which describe themselves; those of a processor are
    /// [Vcpu#statistics]. Any thread.
    Statistics statistics();

    /// Has translated code count instructions for [#stats], which costs it time: else these tell of interpreted ones
    /// alone. Before a vCPU runs.
    void countInstructions();

    /// The translated code for guest addresses `from` to `to` as it is now, beside the guest's, for people; needs
    /// `listed` in the translator's configuration. Empty where nothing is translated.
    String listing(long from, long to);

    /// What the translator did so far; null where all code is interpreted.
    TranslationStats translationStats();

    /// Ends runs that are under way, as [Vcpu#kick] does, and frees processors and chips; whoever uses a vCPU later
    /// gets an [IllegalStateException]. Memory behind the slots stays the caller's. Does nothing the second time.
    ///
    /// @throws IllegalStateException on a thread that runs a vCPU
    @Override
    void close();
}
