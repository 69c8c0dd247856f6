// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.javisor.cpu.events.EventBudget;

/// A processor waited for an interrupt.
@Name("org.javisor.Halt")
@Label("Halt")
@Description("A processor waited for an interrupt or a start-up IPI")
@Category({"Javisor", "Processor"})
@Enabled(false)
@StackTrace(false)
public final class HaltEvent extends Event {
    private static final HaltEvent PROBE = new HaltEvent();
    /// To record one costs 900 ns, since the thread has slept, which takes 15 µs itself.
    private static final EventBudget BUDGET = new EventBudget(10_000);

    @Label("vCPU")
    private int vcpu;

    private HaltEvent() { }

    public static boolean on() {
        return PROBE.isEnabled();
    }

    /// It begins to wait; [#commit] when that is over.
    ///
    /// @return null if there is no room for it
    public static HaltEvent start(int vcpu) {
        if (!BUDGET.take()) {
            return null;
        }
        HaltEvent event = new HaltEvent();
        event.vcpu = vcpu;
        event.begin();
        return event;
    }
}
