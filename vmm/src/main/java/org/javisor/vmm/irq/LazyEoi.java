// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

/// A bit in guest memory by which the guest ends an interrupt without an access to its local APIC: set here while an
/// interrupt is in service that nobody waits behind, cleared by the guest in place of the access.
public interface LazyEoi {
    /// Sets the bit.
    ///
    /// @return false if there is no memory for it
    boolean set();

    /// Clears the bit.
    ///
    /// @return whether it was set, and the interrupt so has not ended
    boolean clear();
}
