// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/// A cable whose other end is in the test's hands.
public final class FakeNetwork implements NetworkBackend {
    public final List<byte[]> sent = new ArrayList<>();
    public int resumed;
    private final Consumer<byte[]> listener;
    private Receiver card;

    public FakeNetwork() {
        this(_ -> { });
    }

    /// @param listener gets each frame as it is sent
    public FakeNetwork(Consumer<byte[]> listener) {
        this.listener = listener;
    }

    @Override
    public void connect(Receiver receiver) {
        card = receiver;
    }

    @Override
    public void send(byte[] frame, int length) {
        byte[] copy = Arrays.copyOf(frame, length);
        sent.add(copy);
        listener.accept(copy);
    }

    /// Hands a frame to the card.
    public boolean deliver(byte[] frame) {
        return card.receive(frame, frame.length);
    }

    @Override
    public void resume() {
        resumed++;
    }

    @Override
    public void close() { }
}
