// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.MemoryAddress;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/// The guest got an exception that is no page fault.
@Name("org.javisor.Exception")
@Label("Exception")
@Description("The guest got an exception other than a page fault")
@Category({"Javisor", "Processor"})
@Enabled(false)
@StackTrace(false)
public final class ExceptionEvent extends Event {
    private static final ExceptionEvent PROBE = new ExceptionEvent();
    private static final EventBudget BUDGET = new EventBudget(20_000);

    @Label("vCPU")
    private int vcpu;

    @Label("Vector")
    private int vector;

    @Label("Error Code")
    @Description("0 if it has none")
    private int errorCode;

    @Label("Instruction")
    @Description("RIP of the instruction that faulted")
    @MemoryAddress
    private long rip;

    private ExceptionEvent() { }

    public static boolean on() {
        return PROBE.isEnabled();
    }

    /// Records one, if there is room for it.
    public static void record(int vcpu, int vector, int errorCode, long rip) {
        if (BUDGET.take()) {
            ExceptionEvent event = new ExceptionEvent();
            event.vcpu = vcpu;
            event.vector = vector;
            event.errorCode = errorCode;
            event.rip = rip;
            event.commit();
        }
    }
}
