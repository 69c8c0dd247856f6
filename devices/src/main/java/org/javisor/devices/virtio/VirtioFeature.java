// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

/// The feature bits that belong to queues and transport, and are offered for every device.
///
/// @virtio 1.2 §6 "Reserved Feature Bits"
final class VirtioFeature {
    static final long INDIRECT_DESC = 1L << 28, EVENT_IDX = 1L << 29, VERSION_1 = 1L << 32, RING_RESET = 1L << 40;
    /// Offered behind an IOMMU, which a device never goes around: a driver that does not know of the feature works
    /// while the IOMMU leaves addresses as they are.
    static final long ACCESS_PLATFORM = 1L << 33;

    static final long OFFERED = INDIRECT_DESC | EVENT_IDX | VERSION_1 | RING_RESET;

    private VirtioFeature() { }
}
