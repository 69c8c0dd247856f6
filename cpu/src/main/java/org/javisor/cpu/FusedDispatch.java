// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.lang.invoke.MethodHandles;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.javisor.host.HostMemory;

/// The [Dispatch] of two instructions that follow each other: one dispatch for both, which HotSpot compiles as one piece.
/// A template like [HandlerDispatch], defined anew for each pair of handlers that hot
/// blocks have.
///
/// The second is not executed if the first ends the block: it may have changed what comes next.
final class FusedDispatch extends Dispatch {
    /// How many pairs may have a class.
    private static final int MAX_CLASSES = 1000;

    private record Pair(Handler first, Handler second) { }

    private static final Pair HANDLERS = TemplateClass.data(MethodHandles.lookup(), Pair.class);
    private static final Handler FIRST = HANDLERS == null ? null : HANDLERS.first();
    private static final Handler SECOND = HANDLERS == null ? null : HANDLERS.second();
    private static final TemplateClass TEMPLATE = HANDLERS == null ? new TemplateClass(MethodHandles.lookup()) : null;
    private static final Map<Pair, Dispatch> KNOWN = HANDLERS == null ? new ConcurrentHashMap<>() : null;

    /// The dispatch of the pair, or null if it has none.
    static Dispatch of(Handler first, Handler second) {
        Pair pair = new Pair(first, second);
        Dispatch known = KNOWN.get(pair);
        if (known != null || KNOWN.size() >= MAX_CLASSES) {
            return known;
        }
        return KNOWN.computeIfAbsent(pair, p -> (Dispatch) TEMPLATE.instantiate(p));
    }

    /// The instructions of a block in pairs, as far as pairs have a dispatch. Pairs are made from the end, so that a
    /// conditional jump is fused with what it depends on. `insns` and what is in it stay as they are, for processors that
    /// are executing them.
    static Insn[] fuse(Insn[] insns) {
        Insn[] fused = new Insn[insns.length];
        int to = insns.length;
        for (int i = insns.length - 1; i >= 0; i--) {
            Insn insn = insns[i];
            Dispatch pair = i == 0 ? null : of(insns[i - 1].handler, insn.handler);
            fused[--to] = pair == null ? insn : insns[--i].fusedWith(insn, pair);
        }
        return Arrays.copyOfRange(fused, to, fused.length);
    }

    @Override
    void execute(Cpu cpu, Insn insn) {
        FIRST.execute(cpu, insn);
        if (cpu.blockEnd == 0) {
            cpu.halfway = true;
            return;
        }
        Insn second = insn.second;
        HostMemory.storeLong(cpu.state + CpuLayout.RIP, cpu.pageRip + second.end);
        SECOND.execute(cpu, second);
    }
}
