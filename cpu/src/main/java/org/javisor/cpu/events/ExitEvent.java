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

/// A processor was away from guest code.
@Name("org.javisor.Exit")
@Label("Exit")
@Description("A processor left guest code, and went on")
@Category({"Javisor", "Processor"})
@Enabled(false)
@StackTrace(false)
public final class ExitEvent extends Event {
    /// Of a processor's. To record one costs 100 ns, and 500 after a sleep: this many cost it 1 % at most.
    public static final int MOST_A_SECOND = 20_000;
    private static final ExitEvent PROBE = new ExitEvent();

    @Label("vCPU")
    private int vcpu;

    @Label("Reason")
    private String reason;

    @Label("Next Instruction")
    @Description("RIP behind the instruction that left")
    @MemoryAddress
    private long rip;

    @Label("Address")
    @Description("Port, or guest-physical address, of an access")
    @MemoryAddress
    private long address;

    @Label("Bytes")
    @Description("Of an access; 0 if it was none")
    private int bytes;

    @Label("Value")
    @Description("Written, or read")
    @MemoryAddress
    private long value;

    private ExitEvent() { }

    public static boolean on() {
        return PROBE.isEnabled();
    }

    /// A processor has left guest code; [#commit] when it goes on.
    public static ExitEvent start(int vcpu, String reason, long rip) {
        ExitEvent event = new ExitEvent();
        event.vcpu = vcpu;
        event.reason = reason;
        event.rip = rip;
        event.begin();
        return event;
    }

    /// It left for an access to a device.
    public void access(long where, int size, long what) {
        address = where;
        bytes = size;
        value = what;
    }
}
