// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/// Processors and chips of a machine were reset.
@Name("org.javisor.Reset")
@Label("Reset")
@Description("Processors and chips of a machine were reset")
@Category({"Javisor", "Machine"})
@Enabled(false)
@StackTrace(false)
public final class ResetEvent extends Event {
    @Label("Number")
    @Description("How many resets there have been")
    private final int number;

    /// The `number`-th reset; [#commit] when it is done.
    public ResetEvent(int number) {
        this.number = number;
        begin();
    }
}
