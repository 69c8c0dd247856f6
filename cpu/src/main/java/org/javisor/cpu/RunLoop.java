// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;

import org.javisor.host.HostMemory;
import org.javisor.isa.Decoder;
import org.javisor.memory.GuestMemory;

/// Finds blocks of decoded instructions and executes them.
///
/// [#executeBlocks] is the fast path. It runs until something asks for attention: a request that may be taken, or a
/// reason in [Cpu#slow]; [#attend] sees to that, and [#step] executes single instructions while the reason lasts.
final class RunLoop {
    private static final long PAGE_MASK = GuestMemory.PAGE_BYTES - 1;

    private final Cpu cpu;
    private final long state;
    private final CpuGroup group;
    private final InstructionDecoder decoder;
    private final EdgeFetch edge;
    private final TranslatedBlocks translated;
    private long instructions;

    RunLoop(Cpu cpu) {
        this.cpu = cpu;
        this.state = cpu.state;
        this.group = cpu.group;
        this.decoder = new InstructionDecoder(cpu);
        this.edge = new EdgeFetch(cpu, decoder);
        this.translated = group.translator == null ? null : TranslatedBlocks.create(cpu, this);
    }

    long instructions() {
        return instructions;
    }

    /// Null when all code is interpreted.
    ExitCounters exitCounters() {
        return translated == null ? null : translated.counters;
    }

    void count(long executed) {
        instructions += executed;
    }

    int run() {
        cpu.thread = Thread.currentThread();
        group.enter(cpu);
        try {
            int exit = cpu.exceptions.deliverQueued();
            return exit == CpuExit.NONE ? loop() : exit;
        } catch (RuntimeException | Error e) {
            cpu.exits.fail(String.valueOf(e), e);
            return cpu.exits.take();
        } finally {
            group.leave(cpu);
            cpu.thread = null;
        }
    }

    private int loop() {
        while (true) {
            int exit = attend();
            if (exit == CpuExit.NONE) {
                cpu.exits.resume();
                exit = execute();
            }
            if (exit != CpuExit.NONE) {
                return exit;
            }
        }
    }

    private int execute() {
        if ((cpu.slow & ~Cpu.SLOW_COUNTED) != 0) {
            return step();
        }
        return cpu.slow != 0 ? executeCounted() : translated != null ? translated.execute() : executeBlocks();
    }

    /// Between instructions: leaves if that was asked for, and serves requests.
    private int attend() {
        int pending = cpu.requests() & cpu.attention.mask();
        if ((cpu.slow & Cpu.SLOW_EXIT) != 0) {
            boolean mayWake = (pending & Requests.ARCHITECTURAL) != 0 && (pending & Requests.KICK) == 0;
            if (!cpu.exits.halting() || !mayWake) {
                return cpu.exits.take();
            }
        }
        if (pending == 0) {
            return CpuExit.NONE;
        }
        group.answer(cpu);
        if ((pending & Requests.COUNTERS) != 0) {
            cpu.cancel(Requests.COUNTERS);
            cpu.monitor.due();
        }
        // An instruction whose access somebody outside has answered is ended first.
        if ((pending & Requests.KICK) != 0 && (cpu.slow & Cpu.SLOW_REPLAY) == 0) {
            cpu.cancel(Requests.KICK);
            return CpuExit.KICK;
        }
        boolean held = (cpu.slow & (Cpu.SLOW_SHADOW | Cpu.SLOW_REPLAY)) != 0 || cpu.outside.holdsInterrupts();
        if (held || (pending & Requests.ARCHITECTURAL) == 0) {
            return CpuExit.NONE;
        }
        try {
            int exit = cpu.exceptions.interrupt(pending & Requests.ARCHITECTURAL);
            // A request that turned out to be none does not end HLT.
            return exit == CpuExit.NONE && cpu.exits.halting() ? cpu.exits.take() : exit;
        } catch (GuestFault fault) {
            return deliver(fault);
        }
    }

    /// Executes blocks until something needs attention.
    private int executeBlocks() {
        Insn insn = null;
        cpu.shadowed = 0;
        try {
            Block block = find();
            long page = cpu.pageRip;
            while (true) {
                if (block.untilFusing != 0 && --block.untilFusing == 0) {
                    block.fuse();
                }
                Insn[] insns = block.insns;
                cpu.blockEnd = insns.length;
                int i = 0;
                do {
                    insn = insns[i++];
                    HostMemory.storeLong(state + CpuLayout.RIP, page + insn.end);
                    insn.dispatch.execute(cpu, insn);
                } while (i < cpu.blockEnd);
                int executed = executed(insn);
                instructions += executed;
                if ((HostMemory.loadIntAcquire(state + CpuLayout.REQUESTS) & cpu.attention.mask() | cpu.slow) != 0) {
                    if ((cpu.slow & Cpu.SLOW_REPLAY) != 0) {
                        cpu.bus.forget();
                    }
                    if (cpu.monitor.counting) {
                        cpu.monitor.retired(executed, block.decoded(executed - 1), cpu.cpl);
                    }
                    return CpuExit.NONE;
                }
                insn = null;
                Block next = chained(block, HostMemory.loadLong(state + CpuLayout.RIP) - page);
                if (next == null) {
                    next = find();
                    if (cpu.blockEnd != 0 && next.page == block.page && next.page != null && next.tail == null
                            && cpu.pageRip == page) {
                        block.other = block.next;
                        block.next = next;
                    }
                    page = cpu.pageRip;
                }
                block = next;
            }
        } catch (GuestFault fault) {
            return fault(faulting(insn), fault);
        }
    }

    /// Executes a block, and counts what was executed for [PerformanceMonitor].
    private int executeCounted() {
        Insn insn = null;
        int cpl = cpu.cpl;
        long before = instructions;
        cpu.shadowed = 0;
        try {
            Block block = find();
            Insn[] insns = block.insns;
            cpu.blockEnd = insns.length;
            int i = 0;
            do {
                insn = insns[i++];
                HostMemory.storeLong(state + CpuLayout.RIP, cpu.pageRip + insn.end);
                insn.dispatch.execute(cpu, insn);
            } while (i < cpu.blockEnd);
            int executed = executed(insn);
            instructions += executed;
            retired(executed, block.decoded(executed - 1), cpl);
            if ((cpu.slow & Cpu.SLOW_REPLAY) != 0) {
                cpu.bus.forget();
            }
            return CpuExit.NONE;
        } catch (GuestFault fault) {
            Insn faulting = faulting(insn);
            retired((int) (instructions - before), null, cpl);
            return fault(faulting, fault);
        }
    }

    /// Counts for [PerformanceMonitor], if that is wanted.
    void retired(int executed, Insn last, int cpl) {
        if (cpu.monitor.counting) {
            cpu.monitor.retired(executed, last, cpl);
        }
    }

    /// Which of the instructions that `insn` begins, and that are executed together, faulted: RIP is still behind it.
    /// Counts those before it in the block.
    private Insn faulting(Insn insn) {
        if (insn == null) {
            return null;
        }
        Insn faulting = insn;
        int remaining = 1;
        for (Insn next = insn.next; next != null; next = next.next) {
            remaining++;
        }
        for (long rip = cpu.rip(); faulting.next != null && rip != cpu.pageRip + faulting.end;
                faulting = faulting.next) {
            remaining--;
        }
        instructions += insn.ordinal - remaining;
        return faulting;
    }

    /// How many instructions of the block there were up to `last`.
    private int executed(Insn last) {
        int skipped = cpu.skipped;
        if (skipped != 0) {
            cpu.skipped = 0;
        }
        return last.ordinal - skipped;
    }

    /// The block at `offset` of the current page, if it followed `block` before and nothing has changed since.
    private Block chained(Block block, long offset) {
        if (cpu.blockEnd != 0) {
            Block next = block.next;
            if (next != null && next.start == offset && next.valid) {
                return next;
            }
            Block other = block.other;
            if (other != null && other.start == offset && other.valid) {
                return other;
            }
        }
        return null;
    }

    /// Executes one instruction, with everything that only the slow path does.
    private int step() {
        Insn insn = null;
        int flagsBefore = cpu.systemFlags();
        int cpl = cpu.cpl;
        cpu.begun = 0;
        boolean debugged = (cpu.slow & Cpu.SLOW_STEP) != 0;
        long next;
        try {
            if ((cpu.slow & Cpu.SLOW_REPLAY) != 0) {
                cpu.bus.rewind();
            } else if (cpu.outside.stopsAt(cpu.debug.linearRip())) {
                return CpuExit.DEBUG;
            } else {
                cpu.outside.begin();
                cpu.debug.before();
            }
            insn = find().insns[0];
            if ((cpu.slow & Cpu.SLOW_BRANCH) != 0) {
                cpu.enforcement.arrive(insn);
            }
            cpu.blockEnd = 1;
            int shadow = cpu.slow & Cpu.SLOW_SHADOW;
            cpu.slow &= ~Cpu.SLOW_SHADOW;
            next = cpu.pageRip + insn.end;
            HostMemory.storeLong(state + CpuLayout.RIP, next);
            cpu.shadowed = shadow;
            insn.handler.execute(cpu, insn);
        } catch (GuestFault fault) {
            boolean unwound = fault.vector == GuestFault.UNWIND;
            int exit = fault(insn, fault);
            return unwound ? exit : cpu.outside.after(exit);
        }
        instructions++;
        retired(1, insn, cpl);
        if ((cpu.slow & Cpu.SLOW_REPLAY) != 0) {
            cpu.bus.forget();
        }
        return debugged || (cpu.slow & Cpu.SLOW_STEP) != 0
                ? cpu.outside.after(cpu.debug.after(flagsBefore, next)) : CpuExit.NONE;
    }

    // ---- faults ----

    /// @param insn the instruction that faulted, or null if it could not be fetched
    int fault(Insn insn, GuestFault fault) {
        if (insn != null) {
            cpu.rip(cpu.pageRip + insn.end - insn.length);
        }
        if (fault.vector == GuestFault.UNWIND) {
            cpu.slow |= cpu.shadowed;
            return CpuExit.NONE;
        }
        if ((cpu.slow & Cpu.SLOW_REPLAY) != 0) {
            cpu.bus.forget();
        }
        return deliver(fault);
    }

    private int deliver(GuestFault fault) {
        return cpu.exceptions.deliver(fault);
    }

    // ---- finding blocks ----

    /// The block at RIP; sets [Cpu#pageRip].
    ///
    /// @throws GuestFault if the instruction at RIP cannot be fetched
    Block find() {
        long rip = HostMemory.loadLong(state + CpuLayout.RIP);
        if (!InstructionDecoder.isTranslatable(cpu.decodeMode)) {
            return findInSegment(rip & 0xffff_ffffL);
        }
        if (cpu.codeBits == 32) {
            rip &= 0xffff_ffffL;
            cpu.rip(rip);
        }
        Block known = cpu.mmu.code.knownBlock(rip);
        if (known != null) {
            cpu.pageRip = rip - known.start;
            return known;
        }
        int start = (int) (rip & PAGE_MASK);
        cpu.pageRip = rip - start;
        Block found = find(rip, start);
        if (found.page != null) {
            cpu.mmu.code.foundBlock(rip, found);
        }
        return found;
    }

    /// As [#find], but null where the page of the instruction cannot be executed: that fault has been delivered.
    Block findOrFault() {
        long rip = HostMemory.loadLong(state + CpuLayout.RIP);
        if (InstructionDecoder.isTranslatable(cpu.decodeMode) && (cpu.codeBits == 64 || rip >>> 32 == 0)
                && cpu.mmu.code.knownBlock(rip) == null) {
            int error = cpu.mmu.code.missFetch(rip);
            if (error != PageWalker.MAPPED) {
                cpu.exceptions.pageFault(error);
                return null;
            }
        }
        return find();
    }

    /// [#find] where CS has a base and a limit.
    private Block findInSegment(long rip) {
        cpu.rip(rip);
        long gva = HostMemory.loadLong(state + CpuLayout.SEGMENT_BASE + 8 * CS) + rip & cpu.segments.linearMask;
        int start = (int) (gva & PAGE_MASK);
        cpu.pageRip = rip - start;
        long toLimit = Integer.toUnsignedLong(cpu.segments.limit[CS]) - rip + 1;
        return toLimit < GuestMemory.PAGE_BYTES - start
                ? edge.fetch(gva, (int) Math.max(0, Math.min(toLimit, Decoder.MAX_BYTES))) : find(gva, start);
    }

    private Block find(long gva, int start) {
        while (true) {
            CodePage page = cpu.mmu.code.codePage(gva);
            if (page == null) {
                return edge.fetch(gva, Decoder.MAX_BYTES);
            }
            Block block = page.find(start, cpu.decodeMode);
            if (block == null && start > GuestMemory.PAGE_BYTES - Decoder.MAX_BYTES) {
                block = knownAcross(page, gva, start);
            }
            if (block != null) {
                return block;
            }
            if (!page.seal(group)) {
                // Sealing waited for the other processors: what gva translates to may have changed.
                continue;
            }
            block = page.decode(decoder, cpu.mmu.code.fetchHva(gva - start), start, cpu.decodeMode);
            if (block != null) {
                decoded(block);
            }
            // Unless the code cache was full, and dropped this block with the others.
            if (block != null && block.valid) {
                return block;
            }
            if (block == null && page.sealed()) {
                CodePage tail = tail(page, gva);
                if (tail != null && !tail.seal(group)) {
                    continue;
                }
                Block across = tail == null ? null : decodeAcross(page, tail, gva, start);
                return across != null ? across : edge.fetch(gva, Decoder.MAX_BYTES);
            }
        }
    }

    /// The block of the instruction at `gva` if it is known to end in the next page; else null.
    ///
    /// @throws GuestFault #PF if the next page cannot be executed, and is needed
    private Block knownAcross(CodePage page, long gva, int start) {
        Block known = page.findAcross(start, cpu.decodeMode);
        if (known == null && InstructionDecoder.isTranslatable(cpu.decodeMode)) {
            return null;
        }
        return known != null && cpu.mmu.code.codePage(CodeFetch.pageBehind(gva)) == known.tail ? known
                : edge.known(gva, Decoder.MAX_BYTES);
    }

    /// The page that the instruction at `gva` ends in, which does not end in `page`; null if it has to be fetched each
    /// time: where it ends in no memory or in the same page, or where `page` has one that ends elsewhere.
    private CodePage tail(CodePage page, long gva) {
        long behind = CodeFetch.pageBehind(gva);
        if (!InstructionDecoder.isTranslatable(cpu.decodeMode) || (behind & cpu.segments.linearMask) <= gva
                || page.findAcross((int) (gva & PAGE_MASK), cpu.decodeMode) != null) {
            return null;
        }
        CodePage tail = cpu.mmu.code.codePage(behind);
        return tail == null || tail.gpa == page.gpa ? null : tail;
    }

    private Block decodeAcross(CodePage page, CodePage tail, long gva, int start) {
        long hva = cpu.mmu.code.knownHva(page, gva - start);
        long tailHva = cpu.mmu.code.knownHva(tail, CodeFetch.pageBehind(gva));
        Block block = hva == 0 || tailHva == 0 ? null
                : page.decodeAcross(decoder, hva, tail, tailHva, start, cpu.decodeMode);
        if (block != null) {
            decoded(block);
        }
        return block != null && block.valid ? block : null;
    }

    private void decoded(Block block) {
        group.code.decoded(block.insns.length);
        if (group.hotCode != null) {
            block.hash = HotCode.hash(block.insns, block.start, block.decodeMode);
            if (group.hotCode.executions(block.hash) != 0 && block.page.isSteady()) {
                block.interpreted = group.translateAt - 1;
            }
        }
    }

    /// The block at `offset` of the page of 64-bit code that is being executed, decoded if it has not been; null if
    /// that cannot be done at once.
    Block beside(CodePage page, int offset) {
        Block block = page.find(offset, cpu.decodeMode);
        if (block == null) {
            long hva = cpu.mmu.code.knownHva(page, cpu.pageRip);
            block = hva == 0 ? null : page.decode(decoder, hva, offset, cpu.decodeMode);
            if (block != null) {
                decoded(block);
            }
        }
        return block;
    }
}
