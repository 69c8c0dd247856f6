// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

/// Where the structures of a virtio device are in its memory BAR, and the capabilities that tell drivers so.
///
/// ```
/// 0x0000 common configuration
/// 0x1000 ISR status
/// 0x2000 device-specific configuration
/// 0x3000 notifications, 4 bytes a queue
/// ```
///
/// @virtio 1.2 §4.1.4 "Virtio Structure PCI Capabilities"
final class VirtioPciLayout {
    static final int VENDOR = 0x1af4, FIRST_DEVICE = 0x1040, REVISION = 1;

    static final int MSIX_BAR = 1, STRUCTURES_BAR = 4;
    static final int PART_BYTES = 0x1000, BAR_BYTES = 4 * PART_BYTES;
    static final int COMMON = 0, ISR = 1, DEVICE = 2, NOTIFY = 3;
    static final int NOTIFY_MULTIPLIER = 4;

    /// `cfg_type` of the capabilities.
    static final int TYPE_COMMON = 1, TYPE_NOTIFY = 2, TYPE_ISR = 3, TYPE_DEVICE = 4, TYPE_PCI = 5;

    static final int VENDOR_CAPABILITY = 9, CAPABILITY_BYTES = 16, EXTENDED_CAPABILITY_BYTES = 20;
    static final int CAP_LENGTH = 2, CAP_TYPE = 3, CAP_BAR = 4, CAP_OFFSET = 8, CAP_BYTES = 12, CAP_DATA = 16;

    static final int COMMON_BYTES = 0x3c;
    static final int NO_VECTOR = 0xffff;

    static final int ISR_QUEUE = 1, ISR_CONFIGURATION = 2;

    static final int STATUS_DRIVER_OK = 4, STATUS_FEATURES_OK = 8, STATUS_NEEDS_RESET = 64;

    private VirtioPciLayout() { }
}
