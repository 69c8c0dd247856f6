// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.MemoryAddress;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.javisor.cpu.events.EventBudget;

/// An interrupt was sent to local APICs.
@Name("org.javisor.InterruptInjected")
@Label("Interrupt Injected")
@Description("An interrupt was sent to local APICs")
@Category({"Javisor", "Interrupts"})
@Enabled(false)
@StackTrace(false)
public final class InterruptInjectedEvent extends Event {
    private static final InterruptInjectedEvent PROBE = new InterruptInjectedEvent();
    private static final EventBudget BUDGET = new EventBudget(20_000);
    private static final String[] MODES =
            {"fixed", "lowest priority", "SMI", "reserved", "NMI", "INIT", "start-up", "ExtINT"};
    private static final int VECTOR = 0xff, MODE_SHIFT = 8, MODE = 7, LOGICAL = 1 << 11;

    @Label("Source")
    @Description("I/O APIC, MSI, IPI, or the local APIC's own: TIMER, LINT0, ...")
    private String source;

    @Label("Number")
    @Description("The I/O APIC's pin, or the processor whose local APIC it is; -1 for a message")
    private int number;

    @Label("Vector")
    private int vector;

    @Label("Delivery Mode")
    private String mode;

    @Label("Destination")
    @MemoryAddress
    private long destination;

    @Label("Logical")
    private boolean logical;

    private InterruptInjectedEvent() { }

    public static boolean on() {
        return PROBE.isEnabled();
    }

    /// Records one, if there is room for it.
    ///
    /// @param command laid out as the interrupt command register
    public static void record(String source, int number, int destination, int command) {
        if (!BUDGET.take()) {
            return;
        }
        InterruptInjectedEvent event = new InterruptInjectedEvent();
        event.source = source;
        event.number = number;
        event.vector = command & VECTOR;
        event.mode = MODES[command >> MODE_SHIFT & MODE];
        event.destination = Integer.toUnsignedLong(destination);
        event.logical = (command & LOGICAL) != 0;
        event.commit();
    }
}
