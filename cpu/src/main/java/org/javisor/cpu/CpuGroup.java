// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.lang.invoke.VarHandle;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntPredicate;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.MemoryListener;
import org.javisor.memory.MemorySlot;

/// What the processors of one machine share: decoded code, and the locks behind accesses that the host cannot make
/// atomic by itself. All processors of a group have the same instruction set features.
///
/// It also makes them agree. A change of memory's state (slots, tracked pages, dirty logs) must reach every TLB before
/// who made it goes on: each processor is asked, and waited for while it is *inside* its run loop, where it answers
/// within a block. A processor that waits, or is at work in a device, is *outside*, so nobody ever waits for one that
/// cannot answer; it answers when it comes back in.
public final class CpuGroup {
    /// How often a waiting processor looks before it lets the host run another thread.
    private static final int SPINS = 200;

    final GuestMemory memory;
    final CodeCache code;
    /// What is decoded from memory that only processors in system management mode see.
    private final CodeCache managementCode;
    /// Null when all code is interpreted.
    BlockTranslator translator;
    /// Whether translated code is run in lock-step with the interpreter.
    boolean checked;
    /// Whether translated code counts the instructions that it executes.
    boolean counted;
    /// Null if nothing is noted for later runs.
    HotCode hotCode;
    /// Null if host code is not kept.
    KeptCode keptCode;
    /// The how-manieth execution of a block makes it worth translating.
    int translateAt = TranslatorConfig.DEFAULT.translateAt();
    /// Whether LOCKed accesses that cross a cache line leave [Cpu#run].
    boolean busLocksLeave;
    /// By number.
    final Translations translations = new Translations();
    final SecondTier secondTier = new SecondTier(this);
    private final CopyOnWriteArrayList<Cpu> cpus = new CopyOnWriteArrayList<>();
    private final ReentrantLock bus = new ReentrantLock();
    /// Counts the times that processors gave up their permissions to write directly: see [#track].
    private final AtomicInteger epoch = new AtomicInteger(1);
    /// Permissions granted in earlier epochs are void. Only grows.
    private final AtomicInteger voided = new AtomicInteger(1);

    public CpuGroup(GuestMemory memory) {
        this.memory = memory;
        this.code = new CodeCache(this, memory);
        this.managementCode = new CodeCache(this, memory.management());
        memory.addListener(new Listener(code));
        memory.management().addListener(new Listener(managementCode));
    }

    private final class Listener implements MemoryListener {
        private final CodeCache of;

        Listener(CodeCache of) {
            this.of = of;
        }

        @Override
        public void slotsChanged() {
            of.clear();
            announce(Requests.FLUSH_TLB);
        }

        @Override
        public void writeProtected(long gpa, long pages) {
            announce(Requests.WRITE_PROTECT);
        }

        @Override
        public void trackedWrite(long gpa, int bytes) {
            if (of.written(gpa, bytes)) {
                endCurrentBlock();
            }
        }
    }

    /// Has blocks translated that are executed often. Before the first processor is made.
    ///
    /// @param inLockStep whether each execution is compared with the interpreter's: for machines with one processor
    public void translator(BlockTranslator blockTranslator, boolean inLockStep) {
        translator = blockTranslator;
        checked = inLockStep;
        counted |= inLockStep;
    }

    /// Has translated code count the instructions that it executes, which costs it time: else [Cpu#instructions] tells
    /// of interpreted ones alone. Before a processor runs.
    public void countInstructions() {
        counted = true;
    }

    /// Whether host code can count for [PerformanceMonitor].
    boolean countsInHostCode() {
        return translator != null && !checked;
    }

    /// Has LOCKed accesses that cross a cache line leave [Cpu#run] with [CpuExit#BUS_LOCK], behind the instruction.
    /// Before a processor runs.
    public void busLocksLeave() {
        busLocksLeave = true;
    }

    /// Has blocks translated at their `execution`-th execution; 1 leaves out what only warms up.
    public void translateAt(int execution) {
        translateAt = execution;
    }

    /// Has what earlier runs executed often translated at once, and notes what this one does. Before a processor runs.
    public void hotCode(HotCode code) {
        hotCode = code;
    }

    /// Has host code that earlier runs made used again, and that of this one kept: by the translator, which knows of
    /// it, too. Before a processor runs.
    public void keptCode(KeptCode code) {
        keptCode = code;
    }

    /// What the translator did so far; null when all code is interpreted.
    public TranslationStats translationStats() {
        return translator == null ? null
                : translations.stats(translator, cpus.stream().map(Cpu::exitCounters).toList());
    }

    /// Translated guest code beside its host code, see [BlockTranslator#list]; empty when all code is interpreted.
    public String listing(long from, long to) {
        return translator == null ? "" : translator.list(from, to);
    }

    void add(Cpu cpu) {
        cpus.add(cpu);
    }

    void remove(Cpu cpu) {
        synchronized (secondTier) {
            cpus.remove(cpu);
        }
    }

    /// Translates nothing any more that no processor asks for. Before the translator is closed.
    public void endTranslating() {
        secondTier.end();
    }

    /// The processor that the calling thread runs, or null.
    private Cpu current() {
        Thread thread = Thread.currentThread();
        for (Cpu cpu : cpus) {
            if (cpu.thread == thread) {
                return cpu;
            }
        }
        return null;
    }

    /// A processor that changed its own code executes the new bytes from the next instruction on.
    private void endCurrentBlock() {
        Cpu cpu = current();
        if (cpu != null) {
            cpu.blockEnd = 0;
        }
    }

    // ---- inside and outside ----

    /// The processor's thread begins to touch guest memory through its TLB.
    void enter(Cpu cpu) {
        cpu.inside = true;
        // Either the asker sees us inside, or we see what it asked.
        VarHandle.fullFence();
        answer(cpu);
    }

    void leave(Cpu cpu) {
        cpu.inside = false;
    }

    /// Does what other processors asked; on the processor's own thread, between two accesses.
    void answer(Cpu cpu) {
        int asked = cpu.requests() & (Requests.FLUSH_TLB | Requests.WRITE_PROTECT | Requests.FORGET_PAGES);
        if (asked == 0) {
            return;
        }
        cpu.cancel(asked);
        int flushes = cpu.flushing.asked(), protections = cpu.protecting.asked(), pages = cpu.forgettingPages.asked();
        if ((asked & Requests.FLUSH_TLB) != 0) {
            cpu.mmu.flush();
            cpu.flushing.done(flushes);
            cpu.protecting.done(protections);
        } else if ((asked & Requests.WRITE_PROTECT) != 0) {
            cpu.mmu.spaces.writeProtect();
            cpu.protecting.done(protections);
        }
        if ((asked & Requests.FORGET_PAGES) != 0) {
            cpu.pagesToForget.serve(cpu.mmu);
            cpu.forgettingPages.done(pages);
        }
    }

    /// Asks every processor, and returns when none uses what it knew before.
    private void announce(int request) {
        int next = epoch.incrementAndGet();
        Cpu self = current();
        boolean wasInside = self != null && self.inside;
        if (wasInside) {
            leave(self);
        }
        for (Cpu cpu : cpus) {
            Demand demand = request == Requests.FLUSH_TLB ? cpu.flushing : cpu.protecting;
            int ticket = demand.ask();
            cpu.request(request);
            VarHandle.fullFence();
            await(cpu, demand, ticket);
        }
        voided.accumulateAndGet(next, Math::max);
        if (wasInside) {
            enter(self);
        }
    }

    /// Has processors forget their translations of linear addresses whose ids pass, and returns when none uses one any
    /// more. Not on a thread that is inside a processor's run loop.
    public void forgetTranslations(IntPredicate which) {
        for (Cpu cpu : cpus) {
            if (which.test(cpu.id)) {
                cpu.flushing.ask();
                cpu.request(Requests.FLUSH_TLB);
            }
        }
        VarHandle.fullFence();
        for (Cpu cpu : cpus) {
            if (which.test(cpu.id)) {
                await(cpu, cpu.flushing, cpu.flushing.asked());
            }
        }
    }

    /// As [#forgetTranslations(IntPredicate)], of some pages, whatever the address space.
    public void forgetTranslations(IntPredicate which, long[] gvas) {
        for (Cpu cpu : cpus) {
            if (which.test(cpu.id)) {
                boolean fit = cpu.pagesToForget.add(gvas);
                (fit ? cpu.forgettingPages : cpu.flushing).ask();
                cpu.request(fit ? Requests.FORGET_PAGES : Requests.FLUSH_TLB);
            }
        }
        VarHandle.fullFence();
        for (Cpu cpu : cpus) {
            if (which.test(cpu.id)) {
                await(cpu, cpu.forgettingPages, cpu.forgettingPages.asked());
                await(cpu, cpu.flushing, cpu.flushing.asked());
            }
        }
    }

    /// Asks every processor to leave host code, and to forget all entries of it; [#hasForgotten] tells when.
    void askToForget() {
        for (Cpu cpu : cpus) {
            cpu.forgetting = cpu.flushing.ask();
            cpu.request(Requests.FLUSH_TLB);
        }
        VarHandle.fullFence();
    }

    /// Whether every processor has answered the last [#askToForget], or is outside: then it will when it comes back in.
    boolean hasForgotten() {
        for (Cpu cpu : cpus) {
            if (cpu.inside && !cpu.flushing.isDone(cpu.forgetting)) {
                return false;
            }
        }
        return true;
    }

    /// Has every processor leave host code that may have been unlinked.
    void callAttention() {
        for (Cpu cpu : cpus) {
            cpu.attention.call();
        }
    }

    CodePage codePage(long gpa) {
        return codePage(memory, gpa);
    }

    /// The page of code that who sees `seen` finds at `gpa`.
    CodePage codePage(GuestMemory seen, long gpa) {
        CodeCache cache = seen.owner(gpa) == memory ? code : managementCode;
        return cache.page(gpa & -GuestMemory.PAGE_BYTES);
    }

    /// Waits until `cpu` has answered or is outside. It answers within a block, unless the host runs another thread in
    /// its place.
    private static void await(Cpu cpu, Demand demand, int ticket) {
        for (int spins = 0; cpu.inside && !demand.isDone(ticket); spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }

    // ---- tracking of decoded pages ----

    /// What a processor notes when it is to write directly to a page.
    int epoch() {
        return epoch.get();
    }

    /// Has every write to the page of `gpa` noticed from now on. Processors are asked to give up their permissions to
    /// write directly only if one may hold such a permission for this page, which for most code is long past. A
    /// processor that is alone gives up that for this page, instead of having to ask for all others again.
    void track(GuestMemory owner, long gpa) {
        owner.markTracked(gpa);
        MemorySlot slot = owner.find(gpa);
        if (slot != null && slot.lastGrant(gpa) >= voided.get()) {
            Cpu self = cpus.size() == 1 ? current() : null;
            if (self != null) {
                self.mmu.spaces.writeProtect(gpa);
            } else {
                announce(Requests.WRITE_PROTECT);
            }
        }
    }

    void untrack(GuestMemory owner, long gpa) {
        owner.untrack(gpa);
    }

    // ---- the bus lock ----

    /// Excludes other processors' accesses that the host cannot make atomic.
    void lockBus(Cpu cpu) {
        if (!bus.tryLock()) {
            leave(cpu);
            bus.lock();
            enter(cpu);
        }
    }

    void unlockBus() {
        bus.unlock();
    }
}
