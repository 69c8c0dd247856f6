// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import org.javisor.memory.DmaSpace;

/// One request: the buffers that the device may read, then those that it may write.
public final class DescriptorChain {
    private final int head;
    private final GuestBuffers readable;
    private final GuestBuffers writable;

    DescriptorChain(DmaSpace memory, int head) {
        this.head = head;
        this.readable = new GuestBuffers(memory, false);
        this.writable = new GuestBuffers(memory, true);
    }

    /// The index of its first descriptor, by which the driver knows it again.
    int head() {
        return head;
    }

    public GuestBuffers readable() {
        return readable;
    }

    public GuestBuffers writable() {
        return writable;
    }
}
