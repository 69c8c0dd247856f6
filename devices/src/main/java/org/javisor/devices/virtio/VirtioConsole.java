// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import org.javisor.devices.ByteSink;
import org.javisor.devices.ReceiveQueue;

/// A console with one port, which knows the size of its terminal.
///
/// @virtio 1.2 §5.3 "Console Device"
public final class VirtioConsole implements VirtioDevice<VirtioConsole.State> {
    static final int RECEIVE = 0, TRANSMIT = 1;
    static final long F_SIZE = 1, F_EMERG_WRITE = 4;

    private static final int TYPE = 3, PCI_CLASS = 0x078000, QUEUE_SIZE = 128;
    private static final int MAX_PORTS = 4, EMERG_WRITE = 8, BYTES = 12;
    private static final int STAGING_BYTES = 4096;

    /// What lasts from request to request.
    ///
    /// @param queued bytes from the host that no buffer has taken yet
    public record State(int columns, int rows, byte[] queued) {
        public State {
            if ((columns & ~0xffff) != 0 || (rows & ~0xffff) != 0 || queued.length > ReceiveQueue.CAPACITY) {
                throw new IllegalArgumentException("virtio console state");
            }
            queued = queued.clone();
        }
    }

    private final Object lock = new Object();
    private final ByteSink output;
    private final ReceiveQueue queue = new ReceiveQueue();
    // Each touched by its queue's worker alone.
    private final byte[] outgoing = new byte[STAGING_BYTES];
    private final byte[] incoming = new byte[STAGING_BYTES];
    private int columns;
    private int rows;
    private volatile Events events = Events.NOWHERE;

    public VirtioConsole(ByteSink output, int columns, int rows) {
        this.output = output;
        this.columns = columns & 0xffff;
        this.rows = rows & 0xffff;
    }

    // ---- the host's side ----

    /// Queues bytes for the guest.
    ///
    /// @return how many there was room for; the caller keeps the rest and tries again, see [#awaitRoom]
    public int receive(byte[] bytes, int from, int count) {
        int taken;
        synchronized (lock) {
            taken = queue.add(bytes, from, count);
        }
        events.wake(RECEIVE);
        return taken;
    }

    /// Blocks until [#receive] would take at least one byte.
    public void awaitRoom() throws InterruptedException {
        synchronized (lock) {
            while (queue.room() == 0) {
                lock.wait();
            }
        }
    }

    /// Tells the guest that its terminal has another size now.
    public void resize(int newColumns, int newRows) {
        synchronized (lock) {
            columns = newColumns & 0xffff;
            rows = newRows & 0xffff;
        }
        events.configurationChanged();
    }

    // ---- the transport's side ----

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
        return F_SIZE | F_EMERG_WRITE;
    }

    @Override
    public int[] queueSizes() {
        return new int[] {QUEUE_SIZE, QUEUE_SIZE};
    }

    @Override
    public void connect(Events newEvents) {
        events = newEvents;
    }

    @Override
    public void negotiated(long features) { }

    /// Buffers for input stay where they are until there is some.
    @Override
    public boolean ready(int index) {
        synchronized (lock) {
            return index != RECEIVE || !queue.isEmpty();
        }
    }

    @Override
    public long serve(int index, DescriptorChain request) throws QueueViolation {
        return index == RECEIVE ? fill(request.writable()) : drain(request.readable());
    }

    private long fill(GuestBuffers buffers) throws QueueViolation {
        if (buffers.bytes() == 0) {
            throw new QueueViolation("a buffer for input without room for a byte");
        }
        int count;
        synchronized (lock) {
            count = (int) Math.min(Math.min(queue.count(), STAGING_BYTES), buffers.bytes());
            for (int i = 0; i < count; i++) {
                incoming[i] = (byte) queue.take();
            }
            lock.notifyAll();
        }
        buffers.store(0, incoming, 0, count);
        return count;
    }

    private long drain(GuestBuffers buffers) {
        for (long at = 0; at < buffers.bytes(); at += STAGING_BYTES) {
            int count = (int) Math.min(STAGING_BYTES, buffers.bytes() - at);
            buffers.load(at, outgoing, 0, count);
            output.accept(outgoing, 0, count);
        }
        output.flush();
        return 0;
    }

    @Override
    public int configurationBytes() {
        return BYTES;
    }

    @Override
    public int readConfiguration(int offset) {
        synchronized (lock) {
            return switch (offset) {
                case 0, 1 -> columns >>> 8 * offset & 0xff;
                case 2, 3 -> rows >>> 8 * (offset - 2) & 0xff;
                case MAX_PORTS -> 1;
                default -> 0;
            };
        }
    }

    /// The emergency write: one character, before any queue works.
    @Override
    public void writeConfiguration(int offset, int value) {
        if (offset == EMERG_WRITE) {
            output.accept(value);
            output.flush();
        }
    }

    // ---- life ----

    /// Bytes that the host has queued stay queued, and the terminal keeps its size.
    @Override
    public void reset() { }

    @Override
    public State save() {
        synchronized (lock) {
            return new State(columns, rows, queue.toArray());
        }
    }

    @Override
    public void load(State state) {
        synchronized (lock) {
            columns = state.columns;
            rows = state.rows;
            queue.load(state.queued);
        }
    }
}
