// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.lang.invoke.MethodHandles;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.javisor.host.HostMemory;

/// The [Dispatch] of two to four instructions that follow each other: one dispatch for all, which HotSpot compiles as
/// one piece. A template like [HandlerDispatch], defined anew for each sequence of handlers that hot blocks have.
///
/// An instruction is not executed if one before it ends the block: that may have changed what comes next.
final class FusedDispatch extends Dispatch {
    private static final int MAX_LENGTH = 4;
    /// How many sequences may have a class.
    private static final int MAX_CLASSES = 2000;

    /// A record, because HotSpot takes the fields of constant records for constants.
    record Sequence(int length, Handler first, Handler second, Handler third, Handler fourth) { }

    private static final Sequence HANDLERS = TemplateClass.data(MethodHandles.lookup(), Sequence.class);
    private static final TemplateClass TEMPLATE = HANDLERS == null ? new TemplateClass(MethodHandles.lookup()) : null;
    private static final Map<Sequence, Dispatch> KNOWN = HANDLERS == null ? new ConcurrentHashMap<>() : null;

    /// The dispatch of the sequence, or null if it has none; `make` says whether it may be made.
    private static Dispatch of(Sequence sequence, boolean make) {
        Dispatch known = KNOWN.get(sequence);
        if (known != null || !make || KNOWN.size() >= MAX_CLASSES) {
            return known;
        }
        return KNOWN.computeIfAbsent(sequence, s -> (Dispatch) TEMPLATE.instantiate(s));
    }

    /// The instructions of a block, fused where that is possible. Sequences are made from the end, so that a
    /// conditional jump is fused with what it depends on. `insns` and what is in it stay as they are, for processors
    /// that are executing them.
    ///
    /// @param make whether to make classes for sequences that have none yet
    static Insn[] fuse(Insn[] insns, boolean make) {
        Insn[] fused = new Insn[insns.length];
        int to = insns.length;
        for (int end = insns.length; end > 0; end = Math.max(end - MAX_LENGTH, 0)) {
            List<Insn> run = List.of(insns).subList(Math.max(end - MAX_LENGTH, 0), end);
            Dispatch dispatch = run.size() == 1 ? null : of(sequence(run), make);
            if (dispatch != null) {
                fused[--to] = Insn.fused(run, dispatch);
            } else {
                for (Insn insn : run.reversed()) {
                    fused[--to] = insn;
                }
            }
        }
        return Arrays.copyOfRange(fused, to, fused.length);
    }

    private static Sequence sequence(List<Insn> run) {
        return new Sequence(run.size(), run.get(0).handler, run.get(1).handler,
                run.size() > 2 ? run.get(2).handler : null, run.size() > 3 ? run.get(3).handler : null);
    }

    @Override
    void execute(Cpu cpu, Insn insn) {
        HANDLERS.first().execute(cpu, insn);
        Insn next = insn.next;
        if (ended(cpu, 1)) {
            return;
        }
        begin(cpu, next);
        HANDLERS.second().execute(cpu, next);
        if (HANDLERS.third() == null || ended(cpu, 2)) {
            return;
        }
        next = next.next;
        begin(cpu, next);
        HANDLERS.third().execute(cpu, next);
        if (HANDLERS.fourth() == null || ended(cpu, 3)) {
            return;
        }
        next = next.next;
        begin(cpu, next);
        HANDLERS.fourth().execute(cpu, next);
    }

    private static boolean ended(Cpu cpu, int executed) {
        if (cpu.blockEnd == 0) {
            cpu.skipped = HANDLERS.length() - executed;
            return true;
        }
        return false;
    }

    private static void begin(Cpu cpu, Insn insn) {
        HostMemory.storeLong(cpu.state + CpuLayout.RIP, cpu.pageRip + insn.end);
    }
}
