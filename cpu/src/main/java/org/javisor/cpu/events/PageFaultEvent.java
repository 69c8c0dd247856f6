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

/// The guest got a page fault.
///
/// @sdm vol. 3A §4.7 "Page-Fault Exceptions"
@Name("org.javisor.PageFault")
@Label("Page Fault")
@Description("The guest got a page fault")
@Category({"Javisor", "Memory"})
@Enabled(false)
@StackTrace(false)
public final class PageFaultEvent extends Event {
    private static final PageFaultEvent PROBE = new PageFaultEvent();
    private static final int PRESENT = 1, WRITE = 1 << 1, USER = 1 << 2, RESERVED = 1 << 3, FETCH = 1 << 4;

    @Label("vCPU")
    private int vcpu;

    @Label("Address")
    @Description("Linear, as CR2 has it")
    @MemoryAddress
    private long address;

    @Label("Instruction")
    @Description("RIP of the instruction that faulted")
    @MemoryAddress
    private long rip;

    @Label("Error Code")
    private int errorCode;

    @Label("Present")
    @Description("The page is there, but the access is not permitted")
    private boolean present;

    @Label("Write")
    private boolean write;

    @Label("User")
    private boolean user;

    @Label("Invalid Mapping")
    @Description("A reserved bit is set in a page table")
    private boolean reserved;

    @Label("Fetch")
    private boolean fetch;

    private PageFaultEvent() { }

    public static boolean on() {
        return PROBE.isEnabled();
    }

    public static void record(int vcpu, long address, long rip, int errorCode) {
        PageFaultEvent event = new PageFaultEvent();
        event.vcpu = vcpu;
        event.address = address;
        event.rip = rip;
        event.errorCode = errorCode;
        event.present = (errorCode & PRESENT) != 0;
        event.write = (errorCode & WRITE) != 0;
        event.user = (errorCode & USER) != 0;
        event.reserved = (errorCode & RESERVED) != 0;
        event.fetch = (errorCode & FETCH) != 0;
        event.commit();
    }
}
