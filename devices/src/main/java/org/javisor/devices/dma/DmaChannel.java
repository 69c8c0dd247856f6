// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.dma;

/// A DMA channel as the device at its end sees it.
///
/// The device asserts its request, and moves data as far as the channel is ready: programmed for that direction, not
/// masked, and not at its end. What is left it moves when it is told that the channel is ready again. Only one thread
/// at a time moves data on a channel. Whether a channel takes the bus for a byte, for a block or for as long as the
/// device asks, makes no difference here.
public interface DmaChannel {
    /// Asserts the request line, DREQ, or lets it go.
    void request(boolean level);

    /// Moves bytes from the device to memory, up to terminal count.
    ///
    /// @return how many
    int store(byte[] bytes, int from, int count);

    /// Moves bytes from memory to the device, up to terminal count.
    ///
    /// @return how many
    int load(byte[] bytes, int from, int count);

    /// Whether the last [#store] or [#load] reached terminal count.
    boolean terminalCount();

    /// Has `listener` told, on the thread of a guest's access and without a lock, when the channel may have become
    /// ready while its request is asserted.
    void onReady(Runnable listener);
}
