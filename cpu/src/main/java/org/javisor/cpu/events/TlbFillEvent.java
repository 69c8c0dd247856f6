// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.events;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.MemoryAddress;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/// A page walk found where a page is.
@Name("org.javisor.TlbFill")
@Label("TLB Fill")
@Description("A page walk found where a page is")
@Category({"Javisor", "Memory"})
@Enabled(false)
@StackTrace(false)
public final class TlbFillEvent extends Event {
    private static final TlbFillEvent PROBE = new TlbFillEvent();

    @Label("vCPU")
    private int vcpu;

    @Label("Address")
    @Description("Linear")
    @MemoryAddress
    private long address;

    @Label("Guest-Physical Address")
    @MemoryAddress
    private long gpa;

    @Label("Page Size")
    @DataAmount
    private long pageBytes;

    @Label("Access")
    @Description("read, write or fetch")
    private String access;

    @Label("Backed")
    @Description("Memory is there; else it is a device's address, or nobody's")
    private boolean backed;

    private TlbFillEvent() { }

    public static boolean on() {
        return PROBE.isEnabled();
    }

    public static void record(int vcpu, long address, long gpa, long pageBytes, String access, boolean backed) {
        TlbFillEvent event = new TlbFillEvent();
        event.vcpu = vcpu;
        event.address = address;
        event.gpa = gpa;
        event.pageBytes = pageBytes;
        event.access = access;
        event.backed = backed;
        event.commit();
    }
}
