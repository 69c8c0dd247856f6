// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import java.util.List;

/// The local APICs of processors that have their own: a kernel's. The other chips of the machine are here.
///
/// Called from any thread, without a lock that they could need.
public interface ForeignApics {
    /// Delivers a message to whom it concerns.
    ///
    /// @param destination of 32 bits; [ApicLayout#BROADCAST] is everybody
    /// @param command     laid out as the interrupt command register; the shorthand is ignored
    /// @param one         whether just one of several destinations shall get it
    /// @return whether anybody accepted it
    boolean deliver(int destination, int command, boolean one);

    /// Drives LINT0 of processor 0, where the PIC's INTR comes in: whoever takes the interrupt asks
    /// [InterruptChips#acknowledgePic].
    void lint0(boolean level);

    /// Drives LINT1 of every processor.
    void lint1(boolean level);

    /// The messages that the I/O APIC's pins send have changed: level-triggered ones have to come back, when they are
    /// ended, to [InterruptChips#endOfInterrupt].
    ///
    /// @param messages one a pin
    void redirected(List<GsiRoute.Msi> messages);
}
