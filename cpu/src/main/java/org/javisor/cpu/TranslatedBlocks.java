// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;

/// Executes blocks as host code where they have been translated, and the rest of the code instruction by instruction:
/// the run loop's fast path where there is a translator.
class TranslatedBlocks {
    final Cpu cpu;
    final long state;
    final RunLoop runLoop;
    final BlockTranslator translator;
    final ExitCounters counters = new ExitCounters();
    final MissedAccess misses;
    private final CpuGroup group;
    /// The instruction that is being interpreted, or null.
    private Insn insn;
    /// Index in its block of the first that was.
    private int first;
    /// At which privilege level.
    private int cpl;
    /// Whose exit led to the block that is being looked for, or null.
    private Translation from;
    private int fromIndex;
    /// The block to be interpreted from [#first], if any, up to [#end].
    Block rest;
    private int end;

    TranslatedBlocks(Cpu cpu, RunLoop runLoop) {
        this.cpu = cpu;
        this.state = cpu.state;
        this.runLoop = runLoop;
        this.group = cpu.group;
        this.translator = group.translator;
        this.misses = new MissedAccess(cpu);
    }

    static TranslatedBlocks create(Cpu cpu, RunLoop runLoop) {
        return cpu.group.checked ? new LockStep(cpu, runLoop) : new TranslatedBlocks(cpu, runLoop);
    }

    /// Executes blocks until something needs attention.
    int execute() {
        from = null;
        insn = null;
        cpu.shadowed = 0;
        cpu.tsc.withdraw();
        try {
            do {
                Block block = runLoop.findOrFault();
                if (block == null) {
                    from = null;
                    continue;
                }
                Translation translation = translation(block);
                first = 0;
                rest = block;
                end = beginsUntranslated(block) ? 1 : block.insns.length;
                if (translation != null) {
                    arrive(block, translation);
                    rest = null;
                    run(translation);
                }
                if (rest != null) {
                    interpret(rest);
                }
            } while (!attention());
            return CpuExit.NONE;
        } catch (GuestFault fault) {
            if (insn != null) {
                runLoop.count(insn.ordinal - 1 - first);
                runLoop.retired(insn.ordinal - 1 - first, null, cpl);
            }
            return runLoop.fault(insn, fault);
        }
    }

    private boolean attention() {
        cpu.attention.answer();
        if ((HostMemory.loadIntAcquire(state + CpuLayout.REQUESTS) & cpu.attention.mask() | cpu.slow) == 0) {
            return false;
        }
        if ((cpu.slow & Cpu.SLOW_REPLAY) != 0) {
            cpu.bus.forget();
        }
        return true;
    }

    /// Whether only what comes behind the first instruction can have host code.
    private static boolean beginsUntranslated(Block block) {
        Translation translation = block.translation;
        return translation != null && translation.count() == 0;
    }

    private void interpret(Block block) {
        from = null;
        Insn[] insns = block.insns;
        long page = cpu.pageRip;
        cpu.blockEnd = end;
        cpl = cpu.cpl;
        cpu.begun = first;
        int i = first;
        do {
            insn = insns[i++];
            HostMemory.storeLong(state + CpuLayout.RIP, page + insn.end);
            insn.dispatch.execute(cpu, insn);
        } while (i < cpu.blockEnd);
        insn = null;
        runLoop.count(i - first);
        runLoop.retired(i - first, insns[i - 1], cpl);
        counters.interpreted(i - first);
    }

    /// The block's host code, if it has some that may run now.
    private Translation translation(Block block) {
        Translation translation = block.translation;
        if (translation == null) {
            if (++block.interpreted < group.translateAt || block.page == null
                    || !InstructionDecoder.isTranslatable(block.decodeMode)) {
                return null;
            }
            translation = group.translations.translate(Region.of(block, runLoop, group), cpu.pageRip + block.start,
                    group);
        }
        boolean usable = translation.entry() != 0 && (translation.vectorNeed() & ~vectorsUsable()) == 0
                && (!translation.usesX87() || x87Usable());
        return usable ? translation : null;
    }

    /// Which vector instructions may execute, as bits of VECTORS: none unless all their exceptions are masked, for only
    /// the interpreter can raise one.
    private int vectorsUsable() {
        if ((cpu.cr0 & (ControlBits.CR0_EM | ControlBits.CR0_TS)) != 0 || (cpu.cr4 & ControlBits.CR4_OSFXSR) == 0
                || (~HostMemory.loadInt(state + CpuLayout.MXCSR) & Mxcsr.INITIAL) != 0) {
            return 0;
        }
        return CpuLayout.VECTORS_USABLE | (Availability.avxEnabled(cpu) ? CpuLayout.VECTORS_WIDE_USABLE : 0);
    }

    /// The same of x87 and MMX instructions.
    private boolean x87Usable() {
        return (cpu.cr0 & (ControlBits.CR0_EM | ControlBits.CR0_TS)) == 0 && cpu.x87.isMasked();
    }

    /// Has who came here find the way alone next time.
    void arrive(Block block, Translation translation) {
        long rip = cpu.rip();
        Translation before = from;
        if (before != null && before.head().page == block.page && block.start <= BlockTranslator.MAX_LINKED) {
            translator.link(before, fromIndex, translation);
        } else {
            cpu.mmu.code.foundEntry(rip, translation.entry());
        }
        from = null;
    }

    void run(Translation translation) {
        take(enter(translation));
        if (cpu.monitor.counting) {
            cpu.monitor.check();
        }
    }

    /// Runs host code until it stops.
    final long enter(Translation translation) {
        HostMemory.storeLong(state + CpuLayout.PAGE_RIP, cpu.pageRip);
        HostMemory.storeInt(state + CpuLayout.VECTORS, vectorsUsable());
        HostMemory.storeInt(state + CpuLayout.X87, x87Usable() ? CpuLayout.X87_USABLE : 0);
        HostMemory.storeShort(state + CpuLayout.FLAGS_RAW, (short) raw(cpu.arithmeticFlags()));
        cpu.returns.publish();
        cpu.gates.publish();
        cpu.knownSegments.publish();
        cpu.mmu.walks.permit();
        long exit = translator.enter(state, translation.entry());
        if (HostMemory.loadInt(state + CpuLayout.WALKED) != 0) {
            // In lock-step, what was changed in page tables meanwhile is taken back.
            cpu.mmu.spaces.gather(!group.checked);
        }
        cpu.modes.followHostCode();
        cpu.arithmeticFlags(flags(HostMemory.loadShort(state + CpuLayout.FLAGS_RAW)));
        cpu.pageRip = HostMemory.loadLong(state + CpuLayout.PAGE_RIP);
        if (group.counted) {
            runLoop.count(HostMemory.loadLong(state + CpuLayout.INSTRUCTIONS));
            HostMemory.storeLong(state + CpuLayout.INSTRUCTIONS, 0);
        }
        return exit;
    }

    /// Goes on where host code stopped: sets RIP, or what is to be interpreted.
    final void take(long exit) {
        Translation at = group.translations.get(BlockTranslator.number(exit));
        int index = BlockTranslator.index(exit);
        from = null;
        counters.exit(BlockTranslator.kind(exit));
        switch (BlockTranslator.kind(exit)) {
            case BlockTranslator.INTERPRET -> {
                counters.stoppedAt(at.instruction(index).mnemonic(), at.translates(index));
                if (group.counted) {
                    runLoop.count(-at.ahead(index));
                }
                if (at.countsEvents()) {
                    cpu.monitor.takeBack(at.ahead(index), at.isBeforeBranch(index), at.atCpl0());
                }
                cpu.rip(cpu.pageRip + at.offset(index));
                rest = at.block(index);
                first = at.inBlock(index);
                end = at.isolates(index) ? first + 1 : rest.insns.length;
                if (HostMemory.loadByte(state + CpuLayout.STRADDLED) != 0) {
                    straddled(at, index);
                }
                missed(at, index);
            }
            case BlockTranslator.TARGET -> takeTarget(at, index);
            case BlockTranslator.REACHED -> { }
            default -> {
                cpu.rip(cpu.pageRip + at.offset(index));
                if (at.becomesHot()) {
                    group.secondTier.add(at);
                }
            }
        }
    }

    /// Has an access that faults do so at once, if there was one that the TLB did not let pass.
    void missed(Translation at, int index) {
        if (!misses.take()) {
            return;
        }
        if (misses.isReadable()) {
            separateOften(at, index);
        } else if (misses.faults((Insn) at.instruction(index))) {
            rest = null;
        }
    }

    /// Accesses that were checked at once lie across the end of a page. When that has happened often enough they are
    /// checked one by one.
    private void straddled(Translation at, int index) {
        HostMemory.storeByte(state + CpuLayout.STRADDLED, (byte) 0);
        separateOften(at, index);
    }

    private void separateOften(Translation at, int index) {
        if (at.straddlesOften(index)) {
            group.translations.separate(at, index, group);
        }
    }

    private void takeTarget(Translation at, int index) {
        long target = cpu.pageRip + at.target(index) & cpu.segments.linearMask;
        int caller = at.caller(index);
        if (caller >= 0 && !cpu.mmu.canonical(target)) {
            // Only the interpreter can raise the exception; with what a CALL finds that has not pushed anything yet.
            cpu.reg64(CpuLayout.RSP, cpu.reg64(CpuLayout.RSP) + Long.BYTES);
            cpu.rip(cpu.pageRip + at.offset(caller));
            rest = at.block(caller);
            first = at.inBlock(caller);
            end = first + 1;
            if (group.counted) {
                runLoop.count(-1);
            }
            if (at.countsEvents()) {
                cpu.monitor.takeBack(1, true, at.atCpl0());
            }
            return;
        }
        cpu.rip(target);
        from = at;
        fromIndex = index;
    }

    /// The flags as translated code keeps them: OF, and above it what LAHF gives.
    private static int raw(int flags) {
        return (flags & Flags.OF) != 0 ? (flags & 0xff) << 8 | 1 : (flags & 0xff) << 8;
    }

    private static int flags(int raw) {
        return raw >>> 8 & 0xff & Flags.ARITHMETIC | ((raw & 1) != 0 ? Flags.OF : 0);
    }
}
