// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import org.javisor.memory.Chip;

/// What distinguishes one virtio device from another; the rest is the transport's.
///
/// @param <S> the device's own state, without what the transport keeps
public interface VirtioDevice<S extends Record> extends Chip<S> {
    /// The device's way to its transport.
    interface Events {
        /// A device without a transport yet.
        Events NOWHERE = new Events() {
            @Override
            public void wake(int queue) { }

            @Override
            public void configurationChanged() { }
        };

        /// Has requests of a queue served, if the driver has supplied any.
        void wake(int queue);

        /// Tells the driver that configuration fields have changed.
        void configurationChanged();
    }

    /// As in "Device Types": 2 for a block device.
    int type();

    /// PCI class, subclass and interface in bits 23:16, 15:8 and 7:0.
    int pciClass();

    /// The feature bits, 0 to 23 and 50 on, that the device itself offers.
    long features();

    /// The largest size of each queue, a power of two.
    int[] queueSizes();

    /// Called once, by the transport.
    void connect(Events events);

    /// Called when the driver has settled the features, before any request.
    void negotiated(long features);

    /// Whether requests of `queue` should be taken now.
    default boolean ready(int queue) {
        return true;
    }

    /// Serves one request, on a worker's thread; one at a time for each queue.
    ///
    /// @return how many bytes of the writable buffers it has written, from their beginning
    /// @throws QueueViolation if the request is so malformed that it cannot be answered
    long serve(int queue, DescriptorChain request) throws QueueViolation;

    /// The size of the device's configuration structure.
    int configurationBytes();

    /// Reads the byte at `offset` of the configuration structure.
    int readConfiguration(int offset);

    /// Writes a byte of it. Most fields are read-only.
    default void writeConfiguration(int offset, int value) { }
}
