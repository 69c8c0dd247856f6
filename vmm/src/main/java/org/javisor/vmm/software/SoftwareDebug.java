// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import org.javisor.cpu.OutsideDebug;
import org.javisor.vmm.GuestDebug;
import org.javisor.vmm.VmExit;

/// [GuestDebug] for a software processor.
final class SoftwareDebug {
    private SoftwareDebug() { }

    static void set(OutsideDebug processor, GuestDebug wanted) {
        processor.set(wanted.step(), wanted.holdsInterrupts(), wanted.points().stream()
                .map(point -> new OutsideDebug.Point(OutsideDebug.Kind.valueOf(point.kind().name()), point.address(),
                        point.bytes()))
                .toArray(OutsideDebug.Point[]::new));
    }

    static VmExit.Debug exit(OutsideDebug processor, long rip) {
        OutsideDebug.Point met = processor.met();
        GuestDebug.Event event = switch (processor.cause()) {
            case STEP -> GuestDebug.Event.STEP;
            case INT3 -> GuestDebug.Event.INT3;
            case BREAKPOINT -> GuestDebug.Event.BREAKPOINT;
            case WATCHPOINT -> GuestDebug.Event.valueOf(met.kind().name());
        };
        return new VmExit.Debug(rip, event, met == null ? rip : met.address());
    }
}
