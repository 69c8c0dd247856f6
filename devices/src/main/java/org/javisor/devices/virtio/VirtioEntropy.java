// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import java.util.function.Consumer;

/// A source of random bytes.
///
/// @virtio 1.2 §5.4 "Entropy Device"
public final class VirtioEntropy implements VirtioDevice<VirtioEntropy.State> {
    private static final int TYPE = 4, PCI_CLASS = 0x00ff00, QUEUE_SIZE = 64;
    /// A request gets at most so many bytes; the device may give fewer than there is room for.
    private static final int MAX_BYTES = 4096;

    /// It remembers nothing.
    public record State() { }

    private final Consumer<byte[]> source;
    // Only touched while the queue's request is served, one at a time.
    private final byte[] bytes = new byte[MAX_BYTES];

    /// @param source fills the array it gets with bytes good enough for keys, as `SecureRandom.nextBytes`
    ///     does
    public VirtioEntropy(Consumer<byte[]> source) {
        this.source = source;
    }

    @Override
    public int type() {
        return TYPE;
    }

    @Override
    public int pciClass() {
        return PCI_CLASS;
    }

    @Override
    public long features() {
        return 0;
    }

    @Override
    public int[] queueSizes() {
        return new int[] {QUEUE_SIZE};
    }

    @Override
    public void connect(Events events) { }

    @Override
    public void negotiated(long features) { }

    @Override
    public long serve(int queue, DescriptorChain request) throws QueueViolation {
        if (request.writable().bytes() == 0) {
            throw new QueueViolation("a request for random bytes without room for one");
        }
        int count = (int) Math.min(MAX_BYTES, request.writable().bytes());
        source.accept(bytes);
        request.writable().store(0, bytes, 0, count);
        return count;
    }

    @Override
    public int configurationBytes() {
        return 0;
    }

    @Override
    public int readConfiguration(int offset) {
        return 0;
    }

    @Override
    public void reset() { }

    @Override
    public State save() {
        return new State();
    }

    @Override
    public void load(State state) { }
}
