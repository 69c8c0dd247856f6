// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.lang.invoke.MethodHandles;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The [Dispatch] of one instruction that is executed often; before, that is a [SharedDispatch]. A template: [#of]
/// defines it anew for each handler.
final class HandlerDispatch extends Dispatch {
    private static final Handler HANDLER = TemplateClass.data(MethodHandles.lookup(), Handler.class);
    private static final TemplateClass TEMPLATE = HANDLER == null ? new TemplateClass(MethodHandles.lookup()) : null;
    /// For all processors: handlers are few, stateless and live as long as their classes.
    private static final Map<Handler, Dispatch> KNOWN = HANDLER == null ? new ConcurrentHashMap<>() : null;

    static Dispatch of(Handler handler) {
        return KNOWN.computeIfAbsent(handler, h -> (Dispatch) TEMPLATE.instantiate(h));
    }

    @Override
    void execute(Cpu cpu, Insn insn) {
        HANDLER.execute(cpu, insn);
    }
}
