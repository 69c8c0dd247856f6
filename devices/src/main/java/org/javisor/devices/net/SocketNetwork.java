// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.javisor.memory.ConfigurationException;

/// A cable that ends in a Unix socket: each frame has its length before it, in 32 bits, big-endian. `passt` and QEMU's
/// `-netdev stream` speak this.
public final class SocketNetwork implements NetworkBackend {
    private final SocketChannel channel;
    private final Consumer<String> reports;
    private final ByteBuffer outgoing = ByteBuffer.allocate(4 + MAX_FRAME);
    private final Object room = new Object();
    private Thread reader;
    private Receiver receiver;
    private boolean resumed;
    private volatile boolean closing;

    /// @param reports is told when the other end has gone
    /// @throws ConfigurationException if nobody listens at `socket`
    public SocketNetwork(Path socket, Consumer<String> reports) {
        this.reports = reports;
        try {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            channel.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            throw new ConfigurationException("network socket " + socket + ": cannot be connected to: "
                    + e.getMessage(), e);
        }
    }

    @Override
    public void connect(Receiver card) {
        receiver = card;
        reader = Thread.ofPlatform().name("javisor-network").daemon().start(this::read);
    }

    /// Waits while the other end takes nothing: so does the card's worker, and the guest sees a full ring.
    @Override
    public void send(byte[] frame, int length) {
        outgoing.clear().putInt(length).put(frame, 0, length).flip();
        try {
            while (outgoing.hasRemaining()) {
                channel.write(outgoing);
            }
        } catch (IOException _) {
            // The reader has seen, and told, that the other end is gone.
        }
    }

    private void read() {
        byte[] frame = new byte[MAX_FRAME];
        try (DataInputStream in = new DataInputStream(Channels.newInputStream(channel))) {
            while (!closing) {
                int length = in.readInt();
                if (length < 0 || length > MAX_FRAME) {
                    throw new IOException("a frame of " + Integer.toUnsignedString(length) + " bytes");
                }
                in.readFully(frame, 0, length);
                deliver(frame, length);
            }
        } catch (EOFException _) {
            report("its other end is closed");
        } catch (IOException e) {
            report(e.getMessage());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void report(String what) {
        if (!closing) {
            reports.accept("the guest's network socket does not work any more: " + what);
        }
    }

    private void deliver(byte[] frame, int length) throws InterruptedException {
        while (!closing) {
            synchronized (room) {
                resumed = false;
            }
            if (receiver.receive(frame, length)) {
                return;
            }
            synchronized (room) {
                while (!resumed && !closing) {
                    room.wait();
                }
            }
        }
    }

    @Override
    public void resume() {
        synchronized (room) {
            resumed = true;
            room.notifyAll();
        }
    }

    @Override
    public void close() {
        closing = true;
        resume();
        try {
            channel.close();
        } catch (IOException _) {
            // Closed all the same.
        }
        if (reader == null) {
            return;
        }
        try {
            reader.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
