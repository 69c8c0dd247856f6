// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

/// What a paravirtual interrupt controller, which interrupts through a local APIC, has to do with that one's vectors.
/// On the processor's thread.
public interface SyntheticVectors {
    /// Whether interrupts of this vector end as they are taken.
    boolean endsItself(int vector);

    /// Whether [#ended] is for this vector, so that the guest has to tell when an interrupt of it ends.
    boolean watches(int vector);

    /// An interrupt has ended of a vector that is watched.
    void ended(int vector);
}
