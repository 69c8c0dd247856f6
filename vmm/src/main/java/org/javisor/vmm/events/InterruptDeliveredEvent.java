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

/// A processor took an interrupt.
@Name("org.javisor.InterruptDelivered")
@Label("Interrupt Delivered")
@Description("A processor took an interrupt")
@Category({"Javisor", "Interrupts"})
@Enabled(false)
@StackTrace(false)
public final class InterruptDeliveredEvent extends Event {
    private static final InterruptDeliveredEvent PROBE = new InterruptDeliveredEvent();
    private static final EventBudget BUDGET = new EventBudget(20_000);

    @Label("vCPU")
    private int vcpu;

    @Label("Vector")
    private int vector;

    @Label("Source")
    @Description("local APIC, PIC or NMI")
    private String source;

    private InterruptDeliveredEvent() { }

    public static boolean on() {
        return PROBE.isEnabled();
    }

    /// Records one, if there is room for it.
    public static void record(int vcpu, int vector, String source) {
        if (!BUDGET.take()) {
            return;
        }
        InterruptDeliveredEvent event = new InterruptDeliveredEvent();
        event.vcpu = vcpu;
        event.vector = vector;
        event.source = source;
        event.commit();
    }
}
