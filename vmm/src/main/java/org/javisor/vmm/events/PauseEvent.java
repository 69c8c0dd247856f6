// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/// A machine stood still. It may be made on one thread and committed on another.
@Name("org.javisor.Pause")
@Label("Pause")
@Description("A machine stood still")
@Category({"Javisor", "Machine"})
@Enabled(false)
@StackTrace(false)
public final class PauseEvent extends Event {
    /// It stops; [#commit] when it goes on.
    public static PauseEvent start() {
        PauseEvent event = new PauseEvent();
        event.begin();
        return event;
    }

    private PauseEvent() { }
}
