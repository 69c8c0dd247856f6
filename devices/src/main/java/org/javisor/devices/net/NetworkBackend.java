// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net;

/// What a network card's cable leads to. Frames are Ethernet's from the destination address on, without the frame
/// check sequence.
public interface NetworkBackend extends AutoCloseable {
    /// The longest frame that either side may send: a jumbo frame with a VLAN tag.
    int MAX_FRAME = 9 * 1024 + 18;

    /// A card's receiving side.
    interface Receiver {
        /// Takes a frame, of which it keeps no reference, or refuses because the guest has no buffer for it: the
        /// backend may keep it until [NetworkBackend#resume]. What the card filters out counts as taken.
        ///
        /// Called on the backend's threads, by one at a time.
        boolean receive(byte[] frame, int length);
    }

    /// Plugs a card in, before any frame flows. Once.
    void connect(Receiver receiver);

    /// Sends a frame; drops it when there is no room, as a network does. Called by one thread at a time. The array is
    /// the caller's again afterwards.
    void send(byte[] frame, int length);

    /// The receiver has buffers again, after it refused a frame.
    void resume();

    @Override
    void close();
}
