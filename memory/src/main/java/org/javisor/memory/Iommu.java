// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import java.util.function.IntSupplier;

/// What stands between the functions of a PCI bus and the rest of the machine. A requester is known by 16 bits, bus,
/// device and function number, which the guest may change: so it is asked for at each access.
public interface Iommu {
    /// What becomes of the addresses that a requester uses.
    DmaTranslation translation(IntSupplier requester);

    /// Where a requester's message-signalled interrupts go.
    MsiSink messages(IntSupplier requester);
}
