// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.engine;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.Durations;
import org.javisor.cpu.events.EventBudget;
import org.javisor.cpu.events.ExitEvent;
import org.javisor.vmm.VcpuStats;
import org.javisor.vmm.events.HaltEvent;

/// The counters behind [VcpuStats] that every engine has. Written by the vCPU's thread alone, plainly; who reads them
/// from another thread may see a count that is a little old.
///
/// An exit lasts from where the processor stopped executing guest code to where it goes on.
public final class RunCounters {
    private static final int REASONS = CpuExit.COUNT;
    private final Durations[] exits = new Durations[REASONS];
    private final Durations halts = new Durations();
    private final long[] interrupts = new long[256];
    private long nmis;
    private long runNanos;
    private int reason = CpuExit.NONE;
    private long exitedAt;
    /// When the time was last looked at; a look costs a fast exit a tenth of what it takes.
    private long lastLook;
    /// Whether that was for the run to begin, and nothing has happened since.
    private boolean hasJustLooked;
    private int vcpu = -1;
    private LongSupplier rip = () -> 0;
    /// Of what is under way; null where nobody records.
    private ExitEvent exitEvent;
    private final EventBudget recorded = new EventBudget(ExitEvent.MOST_A_SECOND);
    private HaltEvent haltEvent;
    /// Since when it runs, or waits; 0 if it does not.
    private volatile long runningSince, haltingSince;

    RunCounters() {
        for (int i = 0; i < REASONS; i++) {
            exits[i] = new Durations();
        }
    }

    /// Says whose counters they are, for recordings; before the processor runs.
    ///
    /// @param instruction RIP of the next instruction
    public void identify(int processor, LongSupplier instruction) {
        vcpu = processor;
        rip = instruction;
    }

    /// The processor is about to execute guest code.
    public void entering() {
        long now = hasJustLooked ? lastLook : System.nanoTime();
        hasJustLooked = false;
        if (exitEvent != null) {
            exitEvent.commit();
            exitEvent = null;
        }
        if (reason != CpuExit.NONE) {
            exits[reason].took(now - exitedAt);
            reason = CpuExit.NONE;
        }
    }

    /// It has stopped doing so.
    ///
    /// @param why of [CpuExit]
    /// @return what more about it is to be told to, or null if nobody records this one
    public ExitEvent exited(int why) {
        exits[why].began();
        reason = why;
        exitedAt = System.nanoTime();
        lastLook = exitedAt;
        if (ExitEvent.on() && recorded.take()) {
            exitEvent = ExitEvent.start(vcpu, CpuExit.name(why), rip.getAsLong());
        }
        return exitEvent;
    }

    public void interrupted(int vector) {
        interrupts[vector]++;
    }

    public void nmi() {
        nmis++;
    }

    /// The processor begins to wait for an interrupt.
    ///
    /// @return the time now
    public long halting() {
        halts.began();
        if (HaltEvent.on()) {
            haltEvent = HaltEvent.start(vcpu);
        }
        long now = System.nanoTime();
        haltingSince = now;
        hasJustLooked = false;
        return now;
    }

    /// It waits no longer.
    ///
    /// @return for how long it has, in nanoseconds
    public long halted() {
        lastLook = System.nanoTime();
        long waited = lastLook - haltingSince;
        halts.took(waited);
        haltingSince = 0;
        if (haltEvent != null) {
            haltEvent.commit();
            haltEvent = null;
        }
        return waited;
    }

    /// A run begins, or goes on after a pause.
    void running() {
        lastLook = System.nanoTime();
        hasJustLooked = true;
        runningSince = lastLook;
    }

    /// The run is over, or rests for a pause: with what the time was last looked at for, an exit or the end of a wait.
    void ran() {
        runNanos += lastLook - runningSince;
        runningSince = 0;
    }

    /// Time spent waiting, until now.
    public long haltNanos() {
        return halts.nanos() + until(System.nanoTime(), haltingSince);
    }

    private static long until(long now, long since) {
        return since == 0 ? 0 : Math.max(0, now - since);
    }

    /// How often, and how long, the processor has waited; the wait that it is in is only counted.
    public Durations.Reading halts() {
        return halts.read();
    }

    public boolean isHalting() {
        return haltingSince != 0;
    }

    public long nmis() {
        return nmis;
    }

    public long interrupts() {
        long sum = 0;
        for (long count : interrupts) {
            sum += count;
        }
        return sum;
    }

    /// How often the processor left guest code for `why`.
    public Durations.Reading exits(int why) {
        return exits[why].read();
    }

    /// @param deviceNanos spent in devices that answered within a run
    public VcpuStats read(long deviceNanos) {
        Map<String, Durations.Reading> byName = new TreeMap<>();
        for (int why = 0; why < REASONS; why++) {
            if (exits[why].count() != 0) {
                byName.put(CpuExit.name(why), exits[why].read());
            }
        }
        long halted = haltNanos();
        long ran = runNanos + until(System.nanoTime(), runningSince);
        return new VcpuStats(0, byName, new long[VcpuStats.EXCEPTIONS], interrupts.clone(),
                Math.max(0, ran - halted - deviceNanos), deviceNanos, halted, 0);
    }
}
