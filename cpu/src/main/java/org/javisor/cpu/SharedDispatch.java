// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The [Dispatch] of a handler that has not been executed often enough to be worth a class of its own: making one takes
/// as long as thousands of instructions, and a guest that is translated executes most handlers seldom.
final class SharedDispatch extends Dispatch {
    private static final int OFTEN = 2_000;
    /// For all processors: handlers are few, stateless and live as long as their classes.
    private static final Map<Handler, SharedDispatch> KNOWN = new ConcurrentHashMap<>();

    private final Handler handler;
    /// Executions until there is a better one; processors that count at once may lose some.
    private int left = OFTEN;

    private SharedDispatch(Handler handler) {
        this.handler = handler;
    }

    static Dispatch of(Handler handler) {
        SharedDispatch known = KNOWN.get(handler);
        if (known == null) {
            known = KNOWN.computeIfAbsent(handler, SharedDispatch::new);
        }
        return known.left > 0 ? known : HandlerDispatch.of(handler);
    }

    @Override
    void execute(Cpu cpu, Insn insn) {
        if (--left <= 0) {
            insn.dispatch = HandlerDispatch.of(handler);
        }
        handler.execute(cpu, insn);
    }
}
