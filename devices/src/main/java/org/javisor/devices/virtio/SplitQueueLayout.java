// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

/// The three parts of a split virtqueue in guest memory, all little-endian.
///
/// ```
/// descriptor   0        8    12   14   16
///              | address | len |flags|next|
/// driver area  0     2   4                       4 + 2 * size
///              |flags|idx| ring[size] of heads   | used_event |
/// device area  0     2   4                       4 + 8 * size
///              |flags|idx| ring[size] of id, len | avail_event |
/// ```
///
/// @virtio 1.2 §2.7 "Split Virtqueues"
final class SplitQueueLayout {
    static final int DESCRIPTOR_BYTES = 16, DESCRIPTOR_LENGTH = 8;
    static final int DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4;

    static final int FLAGS = 0, INDEX = 2, RING = 4;
    static final int AVAIL_ENTRY_BYTES = 2, USED_ENTRY_BYTES = 8;
    static final int AVAIL_NO_INTERRUPT = 1, USED_NO_NOTIFY = 1;

    static final int DESCRIPTOR_ALIGN = 16, AVAIL_ALIGN = 2, USED_ALIGN = 4;

    private SplitQueueLayout() { }
}
