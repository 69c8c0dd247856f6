// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import java.util.Map;

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

    /// The messages that pins of the I/O APIC send, or GSIs where there is none, have changed: ends of level-triggered
    /// ones have to be told.
    ///
    /// @param messages by number of the pin or GSI
    void redirected(Map<Integer, GsiRoute.Msi> messages);
}
