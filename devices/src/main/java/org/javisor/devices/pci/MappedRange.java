// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import org.javisor.memory.BusDevice;

/// A range behind a BAR that is memory: while it is decoded, the guest reaches it without an access to the bus.
public interface MappedRange extends BusDevice {
    /// The range is at `gpa` from now on.
    void appear(long gpa);

    /// It is nowhere.
    void disappear();
}
