// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

/// What stands between a sender of interrupt messages and the local APICs: an IOMMU that remaps interrupts, as one of
/// the platform's own chips sees it, the I/O APIC or the timers on the board; messages of PCI functions come to the
/// IOMMU by another way.
///
/// Called from any thread, without a lock of the chips.
public interface MessageRemapping {
    /// Where an interrupt goes.
    ///
    /// @param destination of 32 bits; -1 is everybody
    /// @param command     laid out as the interrupt command register
    /// @param one         whether just one of several destinations shall get it
    record Remapped(int destination, int command, boolean one) { }

    /// Sends a message on its way.
    ///
    /// @return whether anybody accepted it
    boolean send(long address, int data);

    /// What would become of a message now; null if it would be blocked. Nobody is told of that.
    Remapped resolve(long address, int data);
}
